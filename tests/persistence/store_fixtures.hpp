/// What the tests of the stores share: a fresh database of either kind, and short words for messages.
#pragma once

#include "persistence/store.hpp"
#include "tests/support/private_postgres.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// A promise that both stores keep; TestType is the database.
#define STORE_TEST(name)                                                                                     \
  TEMPLATE_TEST_CASE(name, "[persistence]", hongyan::testing::sqlite_database,                               \
                     hongyan::testing::postgres_database)

namespace hongyan::testing {

/// A folder that is gone afterwards.
class temporary_folder {
public:
  temporary_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "hongyan-test-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;

  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

private:
  std::string path_;
};

struct sqlite_database {
  temporary_folder folder;
  std::string file = folder / "hongyan.db";
  std::string url = "sqlite:" + file;

  /// The first row's first value. Only while no store has the file open.
  std::string ask(const std::string& sql) const;
};

struct postgres_database {
  private_postgres& server = private_postgres::shared();
  std::string name = server.new_database();
  std::string url = server.uri(name);

  std::string ask(const std::string& sql) const { return server.ask(name, sql); }
};

/// What went wrong, which must be something.
template <class T>
error failure(const result<T>& answer) {
  REQUIRE(answer.has_error());
  return answer.error();
}

inline std::unique_ptr<store> opened(const std::string& url) {
  auto made = open_store(url);
  if (!made) FAIL(made.error().detail);
  return *std::move(made);
}

inline user_id user(std::string_view text) {
  auto id = user_id::parse(text);
  if (!id) FAIL("not a user: " << text);
  return *id;
}

inline peer_or_group group(std::string_view id) { return peer_or_group::group(user(id)); }

inline wall_time at(std::int64_t ms) { return wall_time(std::chrono::milliseconds(ms)); }

inline new_message chat(std::string_view from, std::string_view to, std::string content,
                        std::optional<std::string> client_msg_id = {}) {
  return {.from = user(from),
          .to = user(to),
          .content = std::move(content),
          .client_msg_id = std::move(client_msg_id)};
}

using outcomes = std::vector<append_outcome>;

/// Appends, which must succeed.
inline outcomes append(message_writer& writer, const std::vector<new_message>& batch,
                       wall_time now = at(1000)) {
  auto answer = writer.append(batch, now);
  if (!answer) FAIL(answer.error().detail);
  REQUIRE(answer->size() == batch.size());
  return *std::move(answer);
}

/// A batch's append() through a connection that fails: the outcome is unknown.
inline void append_unknown(message_writer& writer, const std::vector<new_message>& batch,
                           wall_time now = at(1000)) {
  CHECK(failure(writer.append(batch, now)).code == errc::outcome_unknown);
}

inline std::optional<outcomes> settle(message_writer& writer, const std::vector<new_message>& batch) {
  auto answer = writer.settle(batch);
  if (!answer) FAIL(answer.error().detail);
  return *std::move(answer);
}

inline std::vector<message> latest(message_reader& reader, const history_query& query) {
  auto answer = reader.latest(query);
  if (!answer) FAIL(answer.error().detail);
  return *std::move(answer);
}

inline std::vector<std::string> contents(const std::vector<message>& messages) {
  std::vector<std::string> texts;
  for (const message& m : messages) texts.push_back(m.content);
  return texts;
}

} // namespace hongyan::testing
