/// A file of the system, with an owner, and what can go wrong with it.
#pragma once

#include "core/errors.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace hongyan::files {

class descriptor {
public:
  explicit descriptor(int number = -1) : number_(number) {}
  descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~descriptor();
  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

private:
  int number_;
};

/// What `errno` said of it: store_full, or unavailable.
error failed(const std::string& what, int code);

/// Errors: store_full, unavailable; `name` is for the log.
result<void> write_all(const descriptor& to, std::string_view bytes, const std::string& name);

/// A file without a name, in the system's folder for such. Errors as write_all().
result<descriptor> spool_file();

} // namespace hongyan::files
