#include "persistence/sqlite_store.hpp"

#include "persistence/sqlite/copy.hpp"
#include "persistence/sqlite/file.hpp"
#include "persistence/sqlite/reader.hpp"
#include "persistence/sqlite/writer.hpp"

namespace hongyan {

namespace {

class sqlite_store final : public store {
public:
  explicit sqlite_store(std::shared_ptr<sqlite_file> file) : file_(std::move(file)) {}

  std::unique_ptr<message_writer> make_writer() override { return std::make_unique<sqlite_writer>(file_); }
  std::unique_ptr<message_reader> make_reader() override { return std::make_unique<sqlite_reader>(file_); }
  result<std::unique_ptr<store_copy>> copy() override { return copy_sqlite(*file_); }
  std::string_view kind() const override { return "sqlite"; }

private:
  std::shared_ptr<sqlite_file> file_;
};

} // namespace

result<std::unique_ptr<store>> open_sqlite_store(const std::string& path) {
  auto file = sqlite_file::lock(path);
  if (!file) return file.error();
  remove_copy(**file);
  auto db = (*file)->open_for_writing();
  if (!db) return unusable(path, db.error().detail);
  if (auto identified = (*file)->identify(*db); !identified) return unusable(path, identified.error().detail);
  return std::make_unique<sqlite_store>(*std::move(file));
}

} // namespace hongyan
