#include "bench/fair.hpp"

#include "bench/crowd.hpp"
#include "bench/flood.hpp"
#include "bench/names.hpp"
#include "bench/pace.hpp"
#include "bench/server_figures.hpp"
#include "bench/tokens.hpp"
#include "bench/v1_text.hpp"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <iostream>
#include <unordered_map>

namespace hongyan::bench {

namespace {

/// Contract, promise 9: the p99 of others stays within so many times what it was, or under so much.
constexpr double times_max = 5;
constexpr double milliseconds_always_good = 250;
/// Of each user; half of them sends, of which a server with tokens takes 10 a second.
constexpr double asks_a_second = 8;
constexpr std::chrono::milliseconds between_hellos{100};
/// For what is still under way at the end of a part.
constexpr std::chrono::seconds answer_deadline{15};
/// Between an attack's begin and the first look at what it does, and after its end.
constexpr std::chrono::seconds settling{1};
/// Three bytes each, as many as a message may have (contract, section 3).
constexpr std::size_t longest_content = 4'096;
constexpr std::size_t texts_a_flood = 100;

enum class asked_for : std::uint8_t { send, read, hello };
constexpr std::array names{"message.send", "message.history", "GET /healthz on a new connection"};
constexpr std::array keys{"Send", "Read", "Hello"};

/// What somebody wants, and how a report names it.
struct assault {
  std::string key;
  std::string name;
  flood::attack what;
};

/// What the others met during one part.
struct part {
  std::array<histogram, names.size()> took; ///< nanoseconds from when it was due
  std::uint64_t refused = 0;
};

/// A run's state. All on the shard's thread.
class fair_run final : private crowd::listener {
public:
  fair_run(runtime& where, const options& asked)
      : where_(where)
      , asked_(asked)
      , users_(where, asked.servers, protocol::v1, first_user(), *this) {}

  asio::awaitable<report> run();

private:
  struct waiting {
    asked_for what;
    steady_time due;
  };

  void received(socket_client& client, const std::string& frame) override;
  void lost(socket_client&) override { ++now_.refused; }

  asio::awaitable<void> measure();
  asio::awaitable<void> hello(steady_time due);
  void ask(steady_time due);
  void answered(asked_for what, steady_time due, bool good);
  std::vector<assault> assaults() const;
  void tell(report& r, const std::string& key, const std::string& name, const part& of) const;
  void judge(report& r, const std::string& name, const part& before, const part& during) const;

  runtime& where_;
  const options& asked_;
  crowd users_;
  std::string attacker_token_;
  part now_;
  std::unordered_map<std::uint64_t, waiting> under_way_; ///< by request id
  std::uint64_t last_id_ = 0;
  std::size_t hellos_ = 0; ///< under way
  std::size_t turn_ = 0;
};

asio::awaitable<report> fair_run::run() {
  report r{.scenario = "fair", .summary = {}};
  const auto seconds = std::to_string(asked_.duration.count());
  r.summary = std::to_string(asked_.users) + " users who send and read, " + seconds + " s alone and then " +
              seconds + " s beside each of those who want all";
  std::vector<std::string> ids;
  for (std::size_t i = 0; i <= asked_.users; ++i) ids.push_back(std::to_string(users_.user(i)));
  auto tokens = co_await fetch_tokens(where_.shard(), asked_, ids);
  if (!tokens) {
    r.failures.push_back(tokens.error().detail);
    co_return r;
  }
  attacker_token_ = std::move(tokens->back());
  tokens->pop_back();
  users_.give_tokens(*std::move(tokens));
  co_await users_.open(asked_.users, asked_.users, 0);

  co_await measure(); // the first of everything is slower
  co_await measure();
  const auto alone = std::exchange(now_, {});
  tell(r, "alone", "alone", alone);
  const auto all = assaults();
  for (const auto& a : all) {
    std::cerr << "fair: " << a.name << '\n';
    {
      const flood all_of_it(asked_.server(), a.what);
      co_await pause(where_.shard(), settling);
      co_await measure();
      if (all_of_it.bytes_sent() == 0) r.failures.push_back(a.name + ": nothing of it was taken");
    }
    const auto during = std::exchange(now_, {});
    tell(r, a.key, a.name, during);
    judge(r, a.name, alone, during);
    co_await pause(where_.shard(), settling);
  }
  co_await users_.close();
  for (const auto& line : users_.faults()) r.failures.push_back(line);
  if (asked_.api_key.empty())
    r.notes.emplace_back(
        "without --api-key-file: a server with --auth none limits no user, and promises nothing");
  r.notes.emplace_back(
      "those who want all share the machine's cores with the server and with those who measure");
  co_return r;
}

/// Open loop: what is late counts from when it was due.
asio::awaitable<void> fair_run::measure() {
  now_ = {};
  const auto begin = where_.shard().now();
  auto next_hello = begin;
  co_await at_even_distances(where_.shard(), begin, begin + asked_.duration,
                             asks_a_second * static_cast<double>(asked_.users), [&](steady_time due) {
                               ask(due);
                               if (due < next_hello) return;
                               next_hello = due + between_hellos;
                               ++hellos_;
                               asio::co_spawn(where_.shard().io(), hello(due), asio::detached);
                             });
  const auto until = where_.shard().now() + answer_deadline;
  while (under_way_.size() + hellos_ > 0 && where_.shard().now() < until)
    co_await pause(where_.shard(), look);
  now_.refused += under_way_.size();
  under_way_.clear();
}

void fair_run::ask(steady_time due) {
  const auto index = turn_++ % asked_.users;
  const auto peer = user_place(users_.user((index + 1) % asked_.users));
  const auto id = ++last_id_;
  const auto what = turn_ / asked_.users % 2 == 0 ? asked_for::send : asked_for::read;
  under_way_.emplace(id, waiting{what, due});
  const auto number = std::to_string(id);
  users_.send(index, what == asked_for::send
                         ? send_request(id, peer, "f" + number, "fair " + number)
                         : call_request(id, "message.history", R"({"in":)" + peer + R"(,"limit":20})"));
}

asio::awaitable<void> fair_run::hello(steady_time due) {
  const auto answer = co_await exchange(where_.shard(), asked_.server(),
                                        "GET /healthz HTTP/1.1\r\nHost: " + asked_.server().host +
                                            "\r\nConnection: close\r\n\r\n");
  --hellos_;
  answered(asked_for::hello, due, answer.starts_with("HTTP/1.1 200"));
}

void fair_run::received(socket_client&, const std::string& frame) {
  const auto text = read_text(frame);
  if (text.kind != v1_kind::result && text.kind != v1_kind::failure) return;
  const auto found = under_way_.find(text.id);
  if (found == under_way_.end()) return;
  const auto of = found->second;
  under_way_.erase(found);
  answered(of.what, of.due, text.kind == v1_kind::result);
}

void fair_run::answered(asked_for what, steady_time due, bool good) {
  if (!good) ++now_.refused;
  now_.took[static_cast<std::size_t>(what)].record(
      static_cast<std::uint64_t>((where_.shard().now() - due).count()));
}

std::vector<assault> fair_run::assaults() const {
  const auto get = [&](const std::string& path, const std::string& more) {
    return "GET " + path + " HTTP/1.1\r\nHost: " + asked_.server().host + more + "\r\n\r\n";
  };
  const auto attacker = users_.user(asked_.users);
  const auto calls = [&](const auto& text_of) {
    flood::attack what{.first = upgrade_request(asked_.server(), protocol::v1, attacker, attacker_token_,
                                                "aGVsbG8gZnJvbSBmYWlyIQ=="),
                       .text = {}};
    for (std::size_t i = 1; i <= texts_a_flood; ++i)
      what.text += ws::masked_frame(ws::opcode::text, text_of(i), {1, 2, 3, 4});
    return what;
  };
  std::string longest;
  for (std::size_t i = 0; i < longest_content; ++i) longest += "鸿";
  std::string blocked;
  for (int i = 0; i < 100; ++i) blocked += (i > 0 ? ",\"x" : "\"x") + std::to_string(i) + '"';
  const auto peer = user_place(attacker + 1);

  return {
      {"pipelined", "a stranger's requests without end", {.text = get("/healthz", "")}},
      {"badTokens",
       "a stranger's bad tokens without end",
       {.text = get("/v1/conversations", "\r\nAuthorization: Bearer eyJhbGciOiJIUzI1NiJ9.e30.AAAA")}},
      {"longSends", "one user's longest messages without end",
       calls([&](auto i) { return send_request(i, peer, "l" + std::to_string(i), longest); })},
      {"searches", "one user's searches without end", calls([](auto i) {
         return call_request(i, "message.search", R"({"query":"fair a b c d e f g h"})");
       })},
      {"blocks", "one user's lists of 100 to block without end", calls([&](auto i) {
         return call_request(i, i % 2 == 0 ? "block.add" : "block.remove",
                             R"({"userIds":[)" + blocked + "]}");
       })},
  };
}

void fair_run::tell(report& r, const std::string& key, const std::string& name, const part& of) const {
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto label = name + ": " + names[i];
    r.figures.push_back(
        {key + keys[i] + "P50Ms", label + ", p50", milliseconds(of.took[i].percentile(50)), "ms", 2});
    r.figures.push_back(
        {key + keys[i] + "P99Ms", label + ", p99", milliseconds(of.took[i].percentile(99)), "ms", 2});
  }
  r.figures.push_back({key + "Refused", name + ": refused to others", static_cast<double>(of.refused)});
}

void fair_run::judge(report& r, const std::string& name, const part& before, const part& during) const {
  if (during.refused > 0)
    r.failures.push_back(name + ": others were refused " + std::to_string(during.refused));
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto was = milliseconds(before.took[i].percentile(99));
    const auto is = milliseconds(during.took[i].percentile(99));
    if (is > std::max(times_max * was, milliseconds_always_good))
      r.failures.push_back(name + ": p99 of " + names[i] + " was " + fixed(was, 1) + " ms alone, and is " +
                           fixed(is, 1) + " ms");
  }
}

} // namespace

asio::awaitable<report> run_fair(runtime& where, const options& asked) {
  fair_run run(where, asked);
  co_return co_await run.run();
}

} // namespace hongyan::bench
