/// Reads the parameters of a request, one by one.
#pragma once

#include "core/chat/peer_or_group.hpp"

#include <boost/json/object.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hongyan::v1 {

/// Of all that is wrong the first fault is kept, and what is at fault reads as its default: a method reads
/// all that it takes, and its caller asks for the fault. `null` is the same as absent.
class params {
public:
  /// `path` goes before the names in errors: "content."
  explicit params(const boost::json::object& object, std::string path = {})
      : object_(object)
      , path_(std::move(path)) {}

  const std::optional<error>& fault() const { return fault_; }
  /// `why` follows the parameter's name: "is empty; ..."
  void refuse(errc code, std::string_view field, std::string_view why);
  /// Takes over the fault of a reader of an object inside this one.
  void adopt(const params& inner);

  /// Whether it is there, be it null.
  bool holds(std::string_view field) const { return object_.contains(field); }
  /// Null when absent.
  const boost::json::value* find(std::string_view field) const;

  // Each reads a parameter that must be there; `optional_` one that need not.

  /// 1 to `chars_max` Unicode characters without U+0000.
  std::string text(std::string_view field, std::size_t chars_max);
  std::optional<std::string> optional_text(std::string_view field, std::size_t chars_max);
  std::int64_t integer(std::string_view field, std::int64_t low, std::int64_t high);
  std::optional<std::int64_t> optional_integer(std::string_view field, std::int64_t low, std::int64_t high);
  double number(std::string_view field, double low, double high);
  std::optional<double> optional_number(std::string_view field, double low, double high);
  bool flag(std::string_view field);
  std::optional<bool> optional_flag(std::string_view field);
  /// One of `names`, as its position.
  std::size_t choice(std::string_view field, std::span<const std::string_view> names);
  std::optional<std::size_t> optional_choice(std::string_view field, std::span<const std::string_view> names);
  /// A user's id, or a group's: a string or a whole number.
  user_id id(std::string_view field);
  std::optional<user_id> optional_id(std::string_view field);
  /// A list of ids; each is kept once, in the order given.
  std::vector<user_id> ids(std::string_view field, std::size_t count_min, std::size_t count_max);
  std::vector<user_id> optional_ids(std::string_view field);
  /// A list of whole numbers, as given.
  std::vector<std::int64_t> integers(std::string_view field, std::size_t count_min, std::size_t count_max,
                                     std::int64_t low, std::int64_t high);
  /// `{"userId":…}` or `{"groupId":…}`.
  peer_or_group peer_or_group_at(std::string_view field);
  std::optional<peer_or_group> optional_peer_or_group(std::string_view field);
  /// Null when it is absent or at fault.
  const boost::json::object* object(std::string_view field);
  const boost::json::object* optional_object(std::string_view field);

private:
  enum class need { required, optional };

  /// `read` makes an optional (or a pointer) of a value, without one when it is not what `accepted`
  /// describes.
  template <class Read, class Accepted>
  auto take(std::string_view field, need how, Read read, Accepted accepted);

  std::optional<std::string> take_text(std::string_view field, need how, std::size_t chars_max);
  std::optional<std::int64_t> take_integer(std::string_view field, need how, std::int64_t low,
                                           std::int64_t high);
  std::optional<bool> take_flag(std::string_view field, need how);
  std::optional<double> take_number(std::string_view field, need how, double low, double high);
  std::optional<std::size_t> take_choice(std::string_view field, need how,
                                         std::span<const std::string_view> names);
  std::optional<user_id> take_id(std::string_view field, need how);
  std::vector<user_id> take_ids(std::string_view field, need how, std::size_t count_min,
                                std::size_t count_max);
  std::optional<peer_or_group> take_peer_or_group(std::string_view field, need how);
  const boost::json::object* take_object(std::string_view field, need how);

  const boost::json::object& object_;
  std::string path_;
  std::optional<error> fault_;
};

} // namespace hongyan::v1
