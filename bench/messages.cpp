#include "bench/messages.hpp"

#include "bench/cpu_use.hpp"
#include "bench/crowd.hpp"
#include "bench/histogram.hpp"
#include "bench/names.hpp"
#include "bench/pace.hpp"
#include "bench/server_figures.hpp"
#include "bench/v1_text.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

namespace hongyan::bench {

namespace {

/// What an assistant says: so many words a second.
constexpr double words_a_second = 30;
constexpr std::string_view streamed_word = "sixteen letters ";
constexpr std::size_t stream_chars_max = 4096;
/// Messages that a sync shows, and syncs that are measured one after the other.
constexpr std::size_t shown = 20;
constexpr std::size_t syncs = 100;
constexpr std::array<std::string_view, 5> emoji{"👍", "❤️", "😂", "🎉", "🙏"};
constexpr std::size_t reactions_at_once = 32;
constexpr std::size_t opening_at_once = 64;
constexpr std::chrono::seconds answer_deadline{30};

/// A run's state. All on the shard's thread.
class messages_run final : private crowd::listener {
public:
  messages_run(runtime& where, const options& asked)
      : where_(where)
      , asked_(asked)
      , group_(run_tag() + "g")
      , users_(where, asked.servers, protocol::v1, first_user(), *this) {}

  asio::awaitable<report> run();

private:
  void received(socket_client& client, const std::string& frame) override;
  void lost(socket_client&) override { ++lost_; }

  asio::awaitable<bool> make_group();
  asio::awaitable<void> send_messages(std::chrono::seconds length);
  asio::awaitable<bool> write_stream(std::chrono::seconds length);
  asio::awaitable<std::string> begin_stream();
  asio::awaitable<std::string> post(std::string path, std::string body);
  asio::awaitable<void> react(std::size_t member, std::int64_t seq);
  asio::awaitable<histogram> sync_often();
  asio::awaitable<void> answered();
  void ask(std::size_t member, const std::string& method, const std::string& params);
  void count_part(report& r, const cpu_reading& before, const char* key, const char* label, double count);

  runtime& where_;
  const options& asked_;
  std::string group_;
  crowd users_;
  std::unordered_map<std::uint64_t, steady_time> under_way_; ///< requests, by id
  histogram took_;                                           ///< of answers, in nanoseconds
  std::uint64_t last_id_ = 0;
  std::int64_t last_seq_ = 0; ///< of the group's log
  std::uint64_t told_ = 0;    ///< notifications
  std::uint64_t words_ = 0;
  std::size_t refused_ = 0, lost_ = 0;
  std::string refusal_; ///< the first
};

asio::awaitable<report> messages_run::run() {
  report r{.scenario = "messages", .summary = {}};
  const auto members = std::to_string(asked_.users);
  r.summary = "a group of " + members + " connected members: " + fixed(words_a_second, 0) +
              " messages a second, then a stream of as many words, " +
              std::to_string(asked_.duration.count()) + " s each; then each member reacts to one message";
  co_await users_.open(asked_.users, opening_at_once, 0);
  const bool made = co_await make_group();
  if (!made) r.failures.emplace_back("the group could not be made");
  co_await send_messages(std::chrono::seconds(1)); // the first of everything is slower

  auto before = read_cpu(asked_);
  const auto sent = last_id_;
  told_ = 0;
  co_await send_messages(asked_.duration);
  count_part(r, before, "Message", "a message to all", static_cast<double>(last_id_ - sent));
  r.figures.push_back({"toldOfMessages", "told to members, a message",
                       static_cast<double>(told_) / static_cast<double>(last_id_ - sent)});

  before = read_cpu(asked_);
  told_ = words_ = 0;
  const bool written = co_await write_stream(asked_.duration);
  if (!written) r.failures.emplace_back("the stream could not be written");
  count_part(r, before, "Word", "a word of a stream to all", static_cast<double>(words_));
  r.figures.push_back({"toldOfWords", "told to members, a word",
                       static_cast<double>(told_) / std::max(1.0, static_cast<double>(words_))});

  co_await send_messages(std::chrono::seconds(1)); // the newest are messages, and no edits
  const auto bare = co_await sync_often();
  before = read_cpu(asked_);
  told_ = 0;
  took_ = {};
  const auto begin = where_.shard().now();
  for (std::size_t i = 0; i < asked_.users; ++i) co_await react(i, last_seq_);
  co_await answered();
  const auto length = std::chrono::duration<double>(where_.shard().now() - begin).count();
  count_part(r, before, "Reaction", "a reaction", static_cast<double>(asked_.users));
  r.figures.push_back({"reactionsPerSecond", "reactions", static_cast<double>(asked_.users) / length, "/s"});
  r.figures.push_back({"reactionP99Ms", "a reaction, p99", milliseconds(took_.percentile(99)), "ms", 1});
  r.figures.push_back({"toldOfReactions", "told to members, a reaction",
                       static_cast<double>(told_) / static_cast<double>(asked_.users), "", 1});
  for (std::size_t i = 1; i < shown; ++i)
    for (std::size_t member = 0; member < std::min(emoji.size(), asked_.users); ++member)
      co_await react(member, last_seq_ - static_cast<std::int64_t>(i));
  co_await answered();
  const auto full = co_await sync_often();
  r.figures.push_back(
      {"syncP50Ms", "a sync of 20 messages, p50", milliseconds(bare.percentile(50)), "ms", 3});
  r.figures.push_back(
      {"syncReactedP50Ms", "with reactions on each, p50", milliseconds(full.percentile(50)), "ms", 3});
  co_await users_.close();
  for (const auto& line : users_.faults()) r.failures.push_back(line);
  if (refused_ + lost_ + under_way_.size() > 0)
    r.failures.push_back(std::to_string(refused_) + " requests were refused, " +
                         std::to_string(under_way_.size()) + " not answered, " + std::to_string(lost_) +
                         " sockets lost: " + refusal_);
  r.notes.emplace_back("words are posted on a connection each; messages come over an open socket");
  co_return r;
}

void messages_run::count_part(report& r, const cpu_reading& before, const char* key, const char* label,
                              double count) {
  const auto after = read_cpu(asked_);
  const auto add = [&](const char* whose, const std::string& of, std::optional<double> from,
                       std::optional<double> to) {
    if (from && to && count > 0)
      r.figures.push_back(
          {whose + ("CpuUsPer" + std::string(key)), of + ", " + label, (*to - *from) * 1e6 / count, "µs", 1});
  };
  add("server", "CPU of the server", before.server, after.server);
  add("database", "CPU of the database", before.database, after.database);
}

void messages_run::ask(std::size_t member, const std::string& method, const std::string& params) {
  under_way_.emplace(++last_id_, where_.shard().now());
  users_.send(member, call_request(last_id_, method, params));
}

/// All that was asked.
asio::awaitable<void> messages_run::answered() {
  const auto until = where_.shard().now() + answer_deadline;
  while (!under_way_.empty() && where_.shard().now() < until) co_await pause(where_.shard(), look);
}

asio::awaitable<bool> messages_run::make_group() {
  std::vector<std::uint64_t> members;
  for (std::size_t i = 1; i < asked_.users; ++i) members.push_back(users_.user(i));
  under_way_.emplace(++last_id_, where_.shard().now());
  users_.send(0, create_group_request(last_id_, group_, members));
  co_await answered();
  co_return under_way_.empty() && refused_ == 0;
}

asio::awaitable<void> messages_run::send_messages(std::chrono::seconds length) {
  const auto begin = where_.shard().now();
  co_await at_even_distances(where_.shard(), begin, begin + length, words_a_second, [&](steady_time) {
    const auto id = ++last_id_;
    under_way_.emplace(id, where_.shard().now());
    users_.send(0, send_request(id, group_place(group_), group_ + std::to_string(id), streamed_word));
  });
  co_await answered();
  co_await pause(where_.shard(), std::chrono::milliseconds(200)); // the last are told
}

asio::awaitable<std::string> messages_run::post(std::string path, std::string body) {
  auto answer =
      co_await exchange(where_.shard(), asked_.server(),
                        "POST " + path + " HTTP/1.1\r\nHost: " + asked_.server().host +
                            "\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: " +
                            std::to_string(body.size()) + "\r\n\r\n" + body);
  co_return answer.starts_with("HTTP/1.1 200") ? answer : std::string();
}

asio::awaitable<std::string> messages_run::begin_stream() {
  constexpr std::string_view key = R"("streamId":")";
  const auto client_msg_id = group_ + "s" + std::to_string(++last_id_);
  const auto answer = co_await post(
      "/v1/messages", R"({"from":")" + std::to_string(users_.user(0)) + R"(","to":)" + group_place(group_) +
                          R"(,"clientMsgId":")" + client_msg_id + R"(","stream":true})");
  const auto at = answer.find(key);
  if (at == std::string::npos) co_return std::string();
  co_return answer.substr(at + key.size(), answer.find('"', at + key.size()) - at - key.size());
}

/// One after the other where a message is full.
asio::awaitable<bool> messages_run::write_stream(std::chrono::seconds length) {
  const auto begin = where_.shard().now();
  std::string id;
  std::size_t offset = 0;
  const auto distance =
      std::chrono::duration_cast<steady_time::duration>(std::chrono::duration<double>(1 / words_a_second));
  for (auto due = begin; due < begin + length; due += distance) {
    co_await pause_until(where_.shard(), due);
    if (id.empty()) {
      id = co_await begin_stream();
      if (id.empty()) co_return false;
    }
    const auto answer =
        co_await post("/v1/streams/" + id, R"({"offset":)" + std::to_string(offset) + R"(,"delta":")" +
                                               std::string(streamed_word) + R"("})");
    if (answer.empty()) co_return false;
    ++words_;
    offset += streamed_word.size();
    if (offset + streamed_word.size() <= stream_chars_max) continue;
    const auto ended = co_await post("/v1/streams/" + id + "/end", "{}");
    if (ended.empty()) co_return false;
    id.clear();
    offset = 0;
  }
  if (!id.empty()) {
    const auto ended = co_await post("/v1/streams/" + id + "/end", "{}");
    if (ended.empty()) co_return false;
  }
  co_await pause(where_.shard(), std::chrono::milliseconds(200));
  co_return true;
}

/// Not more at once than a few.
asio::awaitable<void> messages_run::react(std::size_t member, std::int64_t seq) {
  while (under_way_.size() >= reactions_at_once && lost_ == 0)
    co_await pause(where_.shard(), std::chrono::milliseconds(1));
  ask(member, "message.react",
      R"({"in":)" + group_place(group_) + R"(,"seq":)" + std::to_string(seq) + R"(,"emoji":")" +
          std::string(emoji.at(member % emoji.size())) + R"(","on":true})");
}

/// By one member, one after the other.
asio::awaitable<histogram> messages_run::sync_often() {
  took_ = {};
  for (std::size_t i = 0; i < syncs; ++i) {
    ask(1, "sync", R"({"recent":)" + std::to_string(shown) + "}");
    while (!under_way_.empty() && lost_ == 0) co_await pause(where_.shard(), std::chrono::microseconds(200));
  }
  co_return took_;
}

void messages_run::received(socket_client&, const std::string& frame) {
  const auto text = read_text(frame);
  if (text.kind == v1_kind::message || text.kind == v1_kind::other) ++told_;
  if (const auto m = text.kind == v1_kind::message ? read_message(text.body) : std::nullopt)
    last_seq_ = std::max(last_seq_, m->seq);
  if (text.kind != v1_kind::result && text.kind != v1_kind::failure) return;
  const auto found = under_way_.find(text.id);
  if (found == under_way_.end()) return;
  took_.record(static_cast<std::uint64_t>((where_.shard().now() - found->second).count()));
  under_way_.erase(found);
  if (text.kind == v1_kind::failure && refused_++ == 0) refusal_ = read_failure(text.body);
}

} // namespace

asio::awaitable<report> run_messages(runtime& where, const options& asked) {
  messages_run run(where, asked);
  co_return co_await run.run();
}

} // namespace hongyan::bench
