/// How many live things each key may have, such as sockets of one address. Thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace hongyan {

class places {
public:
  /// Given back when the last copy goes; must not outlive the places.
  using place = std::shared_ptr<void>;

  explicit places(std::size_t each) : each_(each) {}
  places(const places&) = delete;
  places& operator=(const places&) = delete;

  /// Null: the key has all that it may have.
  place take(const std::string& key) {
    const std::lock_guard lock(mutex_);
    auto& count = counts_[key];
    if (count >= each_) return nullptr;
    ++count;
    return {this, [key](places* from) { from->give_back(key); }};
  }

private:
  void give_back(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find(key);
    if (--found->second == 0) counts_.erase(found);
  }

  const std::size_t each_; ///< at least 1
  std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> counts_;
};

} // namespace hongyan
