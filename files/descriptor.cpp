#include "files/descriptor.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace hongyan::files {

descriptor::~descriptor() {
  if (number_ >= 0) ::close(number_);
}

error failed(const std::string& what, int code) {
  const bool is_full = code == ENOSPC || code == EDQUOT;
  return {is_full ? errc::store_full : errc::unavailable, what + ": " + std::strerror(code)};
}

result<void> write_all(const descriptor& to, std::string_view bytes, const std::string& name) {
  while (!bytes.empty()) {
    const auto count = ::write(to.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("cannot write " + name, errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

result<descriptor> spool_file() {
  std::error_code ec;
  const auto folder = std::filesystem::temp_directory_path(ec);
  descriptor file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file) return file;
  // Not every file system has files without a name.
  auto path = (folder / "hongyan-upload-XXXXXX").string();
  descriptor named(::mkostemp(path.data(), O_CLOEXEC));
  if (!named) return failed("cannot make a file in " + folder.string(), errno);
  ::unlink(path.c_str());
  return named;
}

} // namespace hongyan::files
