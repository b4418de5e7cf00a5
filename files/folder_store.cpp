// Each file is one file, PATH/ab/abcd…, written in its place: the database's row says when it is whole.

#include "core/tools/random.hpp"
#include "files/blob_store.hpp"
#include "files/descriptor.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace hongyan::files {

namespace {

namespace fs = std::filesystem;

/// The store's name is in this file of the folder.
constexpr const char* identity_file = "hongyan-files";

/// A folder's entries are its own data: a new file is there after a loss of power once its folder was synced.
result<void> sync_folder(const std::string& path) {
  const descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return failed("cannot open " + path, errno);
  if (::fsync(folder.get()) != 0) return failed("cannot sync " + path, errno);
  return {};
}

class folder_writer final : public blob_writer {
public:
  folder_writer(descriptor file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  ~folder_writer() override {
    if (!finished_) ::unlink(path_.c_str());
  }

  result<void> write(std::string_view bytes) override { return write_all(file_, bytes, path_); }

  result<void> sync() {
    if (::fdatasync(file_.get()) != 0) return failed("cannot sync " + path_, errno);
    return {};
  }

  result<void> finish() override {
    if (auto synced = sync(); !synced) return synced;
    if (auto synced = sync_folder(fs::path(path_).parent_path()); !synced) return synced;
    finished_ = true;
    return {};
  }

private:
  descriptor file_;
  std::string path_;
  bool finished_ = false;
};

class folder_reader final : public blob_reader {
public:
  folder_reader(descriptor file, std::uint64_t size) : file_(std::move(file)), size_(size) {}

  std::uint64_t size() const override { return size_; }
  result<std::string> read(std::uint64_t offset, std::size_t count) override {
    std::string bytes(count, '\0');
    for (;;) {
      const auto had = ::pread(file_.get(), bytes.data(), count, static_cast<off_t>(offset));
      if (had < 0 && errno == EINTR) continue;
      if (had < 0) return failed("cannot read a file", errno);
      if (had == 0) return error{errc::unavailable, "a file has become shorter"};
      bytes.resize(static_cast<std::size_t>(had));
      return bytes;
    }
  }

private:
  descriptor file_;
  std::uint64_t size_;
};

class folder_store final : public blob_store {
public:
  explicit folder_store(std::string path) : path_(std::move(path)) {}

  result<std::string> identity() override {
    const auto path = path_ + '/' + identity_file;
    if (auto name = read_line(path); !name.empty()) return name;
    // Linked into its place when it is whole: of several nodes one is the first.
    const auto made_up = random_name(32);
    const auto draft = path + '.' + made_up;
    descriptor file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!file) return failed("cannot make " + draft, errno);
    folder_writer writer(std::move(file), draft);
    if (auto written = writer.write(made_up + '\n'); !written) return written.error();
    if (auto synced = writer.sync(); !synced) return synced.error();
    const bool linked = ::link(draft.c_str(), path.c_str()) == 0 || errno == EEXIST;
    if (!linked) return failed("cannot make " + path, errno);
    if (auto synced = sync_folder(path_); !synced) return synced.error();
    auto name = read_line(path);
    if (name.empty()) return error{errc::unavailable, path + " cannot be read, or is empty"};
    return name;
  }

  result<std::unique_ptr<blob_writer>> create(const std::string& id) override {
    auto path = folder_of(id) + '/' + id;
    descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!file) return failed("cannot make " + path, errno);
    return std::unique_ptr<blob_writer>(std::make_unique<folder_writer>(std::move(file), std::move(path)));
  }

  result<std::unique_ptr<blob_reader>> open(const std::string& id) override {
    const auto path = folder_of(id) + '/' + id;
    descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file && errno == ENOENT) return std::unique_ptr<blob_reader>();
    if (!file) return failed("cannot open " + path, errno);
    struct stat facts {};
    if (::fstat(file.get(), &facts) != 0) return failed("cannot read " + path, errno);
    return std::unique_ptr<blob_reader>(
        std::make_unique<folder_reader>(std::move(file), static_cast<std::uint64_t>(facts.st_size)));
  }

  result<void> remove(const std::string& id) override {
    const auto path = folder_of(id) + '/' + id;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed("cannot remove " + path, errno);
    return {};
  }

  std::optional<std::string> place_in_backup(const std::string& id) override {
    if (id.empty()) return std::string("files/") + identity_file;
    return "files/" + id.substr(0, 2) + '/' + id;
  }

private:
  std::string folder_of(const std::string& id) const { return path_ + '/' + id.substr(0, 2); }

  static std::string read_line(const std::string& path) {
    std::string line;
    std::ifstream file(path);
    std::getline(file, line);
    return line;
  }

  std::string path_;
};

} // namespace

result<std::unique_ptr<blob_store>> open_folder(const std::string& path) {
  std::error_code ec;
  fs::create_directories(path, ec);
  if (ec) return error{errc::malformed, "the folder " + path + " cannot be made: " + ec.message()};
  const auto absolute = fs::canonical(path, ec);
  if (ec) return error{errc::malformed, "the folder " + path + " cannot be used: " + ec.message()};
  if (::access(absolute.c_str(), R_OK | W_OK | X_OK) != 0)
    return error{errc::malformed, "the folder " + path + " cannot be used: " + std::strerror(errno)};
  // All folders at once, so that no file waits for the sync of the one that it lies in.
  for (int number = 0; number < 256; ++number) {
    char name[8];
    std::snprintf(name, sizeof name, "/%02x", static_cast<unsigned>(number));
    if (::mkdir((absolute.string() + name).c_str(), 0755) != 0 && errno != EEXIST)
      return error{errc::malformed, "the folder " + path + " cannot be used: " + std::strerror(errno)};
  }
  if (auto synced = sync_folder(absolute); !synced)
    return error{errc::malformed, "the folder " + path + " cannot be used: " + synced.error().detail};
  return std::unique_ptr<blob_store>(std::make_unique<folder_store>(absolute));
}

} // namespace hongyan::files
