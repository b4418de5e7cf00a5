#include "files/blob_store.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace hongyan;
namespace fs = std::filesystem;

namespace {

struct scratch_folder {
  std::string path = (fs::temp_directory_path() / ("hongyan-files-" + std::to_string(::getpid()))).string();
  scratch_folder() { fs::remove_all(path); }
  ~scratch_folder() { fs::remove_all(path); }

  std::size_t count() const {
    std::size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(path)) files += entry.is_regular_file();
    return files;
  }
};

std::unique_ptr<files::blob_store> opened(const std::string& path) {
  auto store = files::open_folder(path);
  REQUIRE(store.has_value());
  return *std::move(store);
}

const std::string id(32, 'a');

} // namespace

TEST_CASE("a folder keeps what was finished", "[files]") {
  scratch_folder folder;
  auto store = opened(folder.path + "/made/with/its/parents");
  auto writer = *store->create(id);
  CHECK(writer->write("hello, ").has_value());
  CHECK(writer->write("world").has_value());
  CHECK(writer->finish().has_value());
  writer.reset();
  auto reader = *store->open(id);
  REQUIRE(reader != nullptr);
  CHECK(reader->size() == 12);
  CHECK(*reader->read(0, 100) == "hello, world");
  CHECK(*reader->read(7, 3) == "wor");
  CHECK_FALSE(reader->read(12, 1).has_value()); // the row says how long it is
  CHECK_FALSE(store->create(id).has_value());   // nothing is written twice
}

TEST_CASE("a folder drops what was not finished", "[files]") {
  scratch_folder folder;
  auto store = opened(folder.path);
  auto writer = *store->create(id);
  CHECK(writer->write("half").has_value());
  CHECK(folder.count() == 1);
  writer.reset();
  CHECK(folder.count() == 0);
  CHECK(*store->open(id) == nullptr);
}

TEST_CASE("a file is removed from a folder, once or twice", "[files]") {
  scratch_folder folder;
  auto store = opened(folder.path);
  {
    auto writer = *store->create(id);
    CHECK(writer->finish().has_value());
  }
  CHECK(store->remove(id).has_value());
  CHECK(store->remove(id).has_value());
  CHECK(folder.count() == 0);
}

TEST_CASE("a folder has one name, whoever asks", "[files]") {
  scratch_folder folder;
  const auto name = *opened(folder.path)->identity();
  CHECK(name.size() == 32);
  CHECK(*opened(folder.path)->identity() == name);
  CHECK(folder.count() == 1);
  scratch_folder other;
  other.path += "-other";
  CHECK(*opened(other.path)->identity() != name);
}

TEST_CASE("a folder that cannot be one is refused", "[files]") {
  scratch_folder folder;
  fs::create_directories(folder.path);
  std::ofstream(folder.path + "/a file") << "x";
  CHECK(files::open_folder(folder.path + "/a file").error().code == errc::malformed);
  CHECK(files::open_folder(folder.path + "/a file/below").error().code == errc::malformed);
}
