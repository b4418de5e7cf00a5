#include "app/import_command.hpp"

#include "persistence/import_table.hpp"

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <set>

namespace hongyan {

namespace {

constexpr const char* accepted = "accepted: hongyan import FILE... --database URL";
/// Rows of a transaction. On PostgreSQL others wait for its conversations meanwhile; on SQLite there is
/// nobody else.
constexpr std::size_t portion_rows = 200, portion_rows_alone = 5000;
/// Rows and conversations that are named at most; the rest are counted.
constexpr std::size_t named_max = 1000;
constexpr std::chrono::seconds progress_interval{2};

/// What became of all rows.
class tally {
public:
  void count(std::span<const imported_row> rows, std::span<const import_status> became) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const imported_row& row = rows[i];
      switch (became[i]) {
      case import_status::stored: ++stored_; break;
      case import_status::known: ++known_; break;
      case import_status::foreign: {
        ++foreign_;
        const auto& [low, high] = std::minmax(row.from, row.to);
        if (conversations_.emplace(low, high).second)
          name(low.text() + " and " + high.text() +
               ": they have messages here that were not imported; theirs are left out");
        break;
      }
      case import_status::late:
        skip("row " + std::to_string(row.id), "rows with a higher id were imported before, behind which it "
                                              "would stand; import in the order of id");
        break;
      case import_status::other:
        skip("row " + std::to_string(row.id),
             "another row was imported under its id; ids must be one table's");
        break;
      }
    }
  }
  void skip(const std::string& where, const std::string& why) {
    ++skipped_;
    name(where + ": skipped: " + why);
  }
  void show_progress() {
    const auto now = std::chrono::steady_clock::now();
    if (now - shown_at_ < progress_interval) return;
    shown_at_ = now;
    std::cerr << stored_ + known_ + foreign_ + skipped_ << " rows: " << stored_ << " imported, " << known_
              << " were there\n";
  }
  std::string summary() const {
    if (names_ > named_max) std::cerr << "and " << names_ - named_max << " more\n";
    return std::to_string(stored_) + " imported, " + std::to_string(known_) + " were imported before, " +
           std::to_string(foreign_) + " left out of " + std::to_string(conversations_.size()) +
           " conversations that have other messages, " + std::to_string(skipped_) + " skipped";
  }

private:
  void name(const std::string& what) {
    if (++names_ <= named_max) std::cerr << what << "\n";
  }

  std::size_t stored_ = 0, known_ = 0, foreign_ = 0, skipped_ = 0, names_ = 0;
  std::set<std::pair<user_id, user_id>> conversations_; ///< that are foreign
  std::chrono::steady_clock::time_point shown_at_ = std::chrono::steady_clock::now();
};

result<void> import_file(const std::string& file, row_importer& importer, std::size_t portion_size,
                         const limits& told, tally& all) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return error{errc::malformed, "import: " + file + " cannot be read"};
  auto table = import_table::open(in, told);
  if (!table) return error{errc::malformed, "import: " + file + ": " + table.error().detail};
  std::vector<imported_row> portion;
  bool is_more = true;
  while (is_more) {
    auto row = table->next();
    if (!row)
      all.skip(file + ":" + std::to_string(table->line()), row.error().detail);
    else if (*row)
      portion.push_back(**std::move(row));
    else
      is_more = false;
    all.show_progress();
    if (portion.empty() || (is_more && portion.size() < portion_size)) continue;
    const auto became = importer.store(portion);
    if (!became)
      return error{errc::malformed, "import: " + became.error().detail +
                                        "; what was imported stays, and the same command goes on"};
    all.count(portion, *became);
    portion.clear();
  }
  if (in.bad()) return error{errc::malformed, "import: " + file + " cannot be read to its end"};
  return {};
}

} // namespace

result<void> import_files(const std::vector<std::string>& arguments, const environment& env) {
  // Files first, then options: what is a file's name and what an option's value is plain.
  auto at = arguments.begin() + 1;
  std::vector<std::string> files;
  for (; at != arguments.end() && !at->starts_with('-'); ++at) files.push_back(*at);
  if (files.empty()) return error{errc::malformed, std::string("import: a file is missing; ") + accepted};
  auto loaded = load_config({at, arguments.end()}, env);
  if (!loaded) return loaded.error();
  const auto* config = std::get_if<server_config>(&*loaded);
  if (config == nullptr) return error{errc::malformed, std::string("import: ") + accepted};
  if (!config->time_zone.empty()) setenv("TZ", config->time_zone.c_str(), 1); // of create_time
  tzset();
  auto database = open_store(config->database);
  if (!database) return error{errc::malformed, "--database: " + database.error().detail};
  const auto writer = (*database)->make_writer();
  if (auto ready = writer->check(); !ready) return error{errc::malformed, "import: " + ready.error().detail};
  row_importer importer(*writer);
  const auto portion_size = (*database)->kind() == "sqlite" ? portion_rows_alone : portion_rows;
  tally all;
  for (const std::string& file : files)
    if (auto imported = import_file(file, importer, portion_size, config->limits, all); !imported)
      return imported;
  std::cout << all.summary() << "\n";
  return {};
}

} // namespace hongyan
