/// How many places of something each key may hold at once. Thread-safe.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace hongyan {

class place_table {
public:
  /// One place, until it goes. Must not outlive its table.
  class place {
  public:
    place(place&& other) noexcept
        : table_(std::exchange(other.table_, nullptr))
        , key_(std::move(other.key_)) {}
    place& operator=(place&&) = delete;
    ~place() {
      if (table_ != nullptr) table_->give(key_);
    }

  private:
    friend class place_table;
    place(place_table& table, std::string key) : table_(&table), key_(std::move(key)) {}

    place_table* table_;
    std::string key_;
  };

  explicit place_table(std::size_t each) : each_(each) {}

  /// Nothing: the key has all of its places.
  std::optional<place> take(const std::string& key) {
    const std::lock_guard lock(mutex_);
    auto& held = keys_[key];
    if (held >= each_) return {};
    ++held;
    return place(*this, key);
  }

private:
  void give(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto at = keys_.find(key);
    if (--at->second == 0) keys_.erase(at);
  }

  std::size_t each_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> keys_; ///< those who hold any
};

} // namespace hongyan
