#include "core/wire/v1/params.hpp"

#include "core/tools/text.hpp"
#include "core/wire/json.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <limits>
#include <unordered_set>

namespace hongyan::v1 {

namespace {

namespace json = boost::json;

constexpr auto any_count = std::numeric_limits<std::size_t>::max();

std::optional<user_id> as_id(const json::value& value) {
  auto id = read_user_id(value);
  if (!id) return {};
  return std::move(*id);
}

std::string accepted_id() {
  return "an id: " + std::string(user_id::accepted) + ", or a whole number from 0 to 9007199254740991";
}

std::string accepted_range(std::string what, const json::value& low, const json::value& high) {
  what += " from ";
  append_json(what, low);
  what += " to ";
  append_json(what, high);
  return what;
}

} // namespace

void params::refuse(errc code, std::string_view field, std::string_view why) {
  if (fault_) return;
  auto name = path_ + std::string(field);
  auto sentence = name + " " + std::string(why);
  fault_ = error{code, std::move(sentence), std::move(name)};
}

void params::adopt(const params& inner) {
  if (!fault_) fault_ = inner.fault_;
}

const json::value* params::find(std::string_view field) const {
  const auto* value = object_.if_contains(field);
  return value == nullptr || value->is_null() ? nullptr : value;
}

template <class Read, class Accepted>
auto params::take(std::string_view field, need how, Read read, Accepted accepted) {
  using taken = decltype(read(std::declval<const json::value&>()));
  const auto* value = find(field);
  if (value == nullptr) {
    if (how == need::required && !fault_)
      refuse(errc::malformed, field,
             (holds(field) ? "is null; it is " : "is missing; it is ") + std::string(accepted()));
    return taken{};
  }
  auto out = read(*value);
  if (!out && !fault_) refuse(errc::malformed, field, "is not " + std::string(accepted()));
  return out;
}

std::optional<std::string> params::take_text(std::string_view field, need how, std::size_t chars_max) {
  return take(
      field, how,
      [&](const json::value& value) -> std::optional<std::string> {
        const auto* text = value.if_string();
        if (text == nullptr || text->empty() || count_characters(*text) > chars_max ||
            text->find('\0') != json::string::npos)
          return {};
        return std::string(*text);
      },
      [&] { return "a string of 1 to " + std::to_string(chars_max) + " characters without U+0000"; });
}

std::string params::text(std::string_view field, std::size_t chars_max) {
  return take_text(field, need::required, chars_max).value_or("");
}

std::optional<std::string> params::optional_text(std::string_view field, std::size_t chars_max) {
  return take_text(field, need::optional, chars_max);
}

std::optional<std::int64_t> params::take_integer(std::string_view field, need how, std::int64_t low,
                                                 std::int64_t high) {
  return take(
      field, how,
      [&](const json::value& value) -> std::optional<std::int64_t> {
        const auto* number = value.if_int64();
        if (number == nullptr || *number < low || *number > high) return {};
        return *number;
      },
      [&] { return accepted_range("a whole number", low, high); });
}

std::int64_t params::integer(std::string_view field, std::int64_t low, std::int64_t high) {
  return take_integer(field, need::required, low, high).value_or(low);
}

std::optional<std::int64_t> params::optional_integer(std::string_view field, std::int64_t low,
                                                     std::int64_t high) {
  return take_integer(field, need::optional, low, high);
}

std::optional<double> params::take_number(std::string_view field, need how, double low, double high) {
  return take(
      field, how,
      [&](const json::value& value) -> std::optional<double> {
        if (!value.is_number()) return {};
        const auto number = value.to_number<double>();
        if (number < low || number > high) return {};
        return number;
      },
      [&] { return accepted_range("a number", low, high); });
}

double params::number(std::string_view field, double low, double high) {
  return take_number(field, need::required, low, high).value_or(low);
}

std::optional<double> params::optional_number(std::string_view field, double low, double high) {
  return take_number(field, need::optional, low, high);
}

std::optional<bool> params::take_flag(std::string_view field, need how) {
  return take(
      field, how,
      [](const json::value& value) -> std::optional<bool> {
        if (!value.is_bool()) return {};
        return value.get_bool();
      },
      [] { return "true or false"; });
}

bool params::flag(std::string_view field) { return take_flag(field, need::required).value_or(false); }

std::optional<bool> params::optional_flag(std::string_view field) { return take_flag(field, need::optional); }

std::vector<std::int64_t> params::integers(std::string_view field, std::size_t count_min,
                                           std::size_t count_max, std::int64_t low, std::int64_t high) {
  const auto read = [&](const json::value& value) -> std::optional<std::vector<std::int64_t>> {
    const auto* list = value.if_array();
    if (list == nullptr || list->size() < count_min || list->size() > count_max) return {};
    std::vector<std::int64_t> numbers;
    for (const auto& element : *list) {
      const auto* number = element.if_int64();
      if (number == nullptr || *number < low || *number > high) return {};
      numbers.push_back(*number);
    }
    return numbers;
  };
  return take(field, need::required, read,
              [&] {
                return "a list of " + std::to_string(count_min) + " to " + std::to_string(count_max) +
                       ", each " + accepted_range("a whole number", low, high);
              })
      .value_or(std::vector<std::int64_t>());
}

std::optional<std::size_t> params::take_choice(std::string_view field, need how,
                                               std::span<const std::string_view> names) {
  return take(
      field, how,
      [&](const json::value& value) -> std::optional<std::size_t> {
        const auto* text = value.if_string();
        if (text == nullptr) return {};
        const auto found = std::ranges::find(names, std::string_view(*text));
        if (found == names.end()) return {};
        return static_cast<std::size_t>(found - names.begin());
      },
      [&] {
        std::string accepted = "one of";
        for (const auto name : names) accepted.append(accepted.ends_with("of") ? " " : ", ").append(name);
        return accepted;
      });
}

std::size_t params::choice(std::string_view field, std::span<const std::string_view> names) {
  return take_choice(field, need::required, names).value_or(0);
}

std::optional<std::size_t> params::optional_choice(std::string_view field,
                                                   std::span<const std::string_view> names) {
  return take_choice(field, need::optional, names);
}

std::optional<user_id> params::take_id(std::string_view field, need how) {
  return take(field, how, as_id, accepted_id);
}

user_id params::id(std::string_view field) { return take_id(field, need::required).value_or(user_id()); }

std::optional<user_id> params::optional_id(std::string_view field) { return take_id(field, need::optional); }

std::vector<user_id> params::take_ids(std::string_view field, need how, std::size_t count_min,
                                      std::size_t count_max) {
  const auto* list = take(
      field, how,
      [&](const json::value& value) {
        const auto* array = value.if_array();
        return array != nullptr && array->size() >= count_min && array->size() <= count_max ? array : nullptr;
      },
      [&] {
        return count_max == any_count
                   ? std::string("a list of ids")
                   : "a list of " + std::to_string(count_min) + " to " + std::to_string(count_max) + " ids";
      });
  std::vector<user_id> ids;
  if (list == nullptr) return ids;
  ids.reserve(list->size());
  std::unordered_set<user_id> seen;
  for (const auto& element : *list) {
    auto id = as_id(element);
    if (!id) {
      refuse(errc::malformed, field, "has an element that is not " + accepted_id());
      break;
    }
    if (seen.insert(*id).second) ids.push_back(std::move(*id));
  }
  return ids;
}

std::vector<user_id> params::ids(std::string_view field, std::size_t count_min, std::size_t count_max) {
  return take_ids(field, need::required, count_min, count_max);
}

std::vector<user_id> params::optional_ids(std::string_view field) {
  return take_ids(field, need::optional, 0, any_count);
}

std::optional<peer_or_group> params::take_peer_or_group(std::string_view field, need how) {
  constexpr std::string_view accepted = R"({"userId":…} or {"groupId":…})";
  const auto* object = take(
      field, how, [](const json::value& value) { return value.if_object(); }, [&] { return accepted; });
  if (object == nullptr) return {};
  params inner(*object, path_ + std::string(field) + ".");
  auto user = inner.optional_id("userId");
  auto group = inner.optional_id("groupId");
  adopt(inner);
  if (user.has_value() == group.has_value() && !fault_)
    refuse(errc::malformed, field, "is not " + std::string(accepted));
  if (group) return peer_or_group::group(std::move(*group));
  if (user) return peer_or_group(std::move(*user));
  return {};
}

peer_or_group params::peer_or_group_at(std::string_view field) {
  return take_peer_or_group(field, need::required).value_or(peer_or_group());
}

std::optional<peer_or_group> params::optional_peer_or_group(std::string_view field) {
  return take_peer_or_group(field, need::optional);
}

const json::object* params::take_object(std::string_view field, need how) {
  return take(
      field, how, [](const json::value& value) { return value.if_object(); }, [] { return "an object"; });
}

const json::object* params::object(std::string_view field) { return take_object(field, need::required); }

const json::object* params::optional_object(std::string_view field) {
  return take_object(field, need::optional);
}

} // namespace hongyan::v1
