#include "core/wire/mentions.hpp"

#include "core/wire/json.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <span>

namespace hongyan {

std::shared_ptr<const mentions> read_mentions(const boost::json::object* ext, const user_id& sender) {
  const auto* value = ext != nullptr ? ext->if_contains("mentions") : nullptr;
  if (value == nullptr) return nullptr;
  mentions called;
  called.all = value->is_string() && value->get_string() == "all";
  if (const auto* list = value->if_array())
    for (const auto& element : std::span(list->data(), std::min(list->size(), mentions_max))) {
      auto user = read_user_id(element);
      if (user && *user != sender && std::ranges::find(called.users, *user) == called.users.end())
        called.users.push_back(*std::move(user));
    }
  if (!called.all && called.users.empty()) return nullptr;
  return std::make_shared<const mentions>(std::move(called));
}

} // namespace hongyan
