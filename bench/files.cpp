#include "bench/files.hpp"

#include "bench/cpu_use.hpp"
#include "bench/histogram.hpp"
#include "bench/names.hpp"
#include "bench/server_figures.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace hongyan::bench {

namespace {

constexpr std::size_t file_bytes = 1 << 20;
/// For what is still under way at the end.
constexpr std::chrono::seconds answer_deadline{60};
constexpr const char* boundary = "----hongyan-bench";

/// A run's state. All on the shard's thread.
class files_run {
public:
  files_run(runtime& where, const options& asked) : where_(where), asked_(asked) {}

  asio::awaitable<report> run();

private:
  asio::awaitable<void> upload(std::uint64_t user);
  std::string request_of(std::uint64_t user) const;

  runtime& where_;
  const options& asked_;
  histogram uploads_;         ///< nanoseconds
  std::uint64_t stored_ = 0;  ///< uploads
  std::uint64_t failed_ = 0;  ///< uploads
  std::string failure_;       ///< how the first of those was answered
  std::size_t uploaders_ = 0; ///< under way
  bool over_ = false;
};

asio::awaitable<report> files_run::run() {
  report r{.scenario = "files", .summary = {}};
  r.summary = std::to_string(asked_.users) + " uploads of 1 MiB at a time, " +
              std::to_string(asked_.duration.count()) + " s";
  const auto before = read_cpu(asked_);
  const auto begin = where_.shard().now();
  const auto first = first_user();
  for (std::size_t i = 0; i < asked_.users; ++i) {
    ++uploaders_;
    asio::co_spawn(where_.shard().io(), upload(first + i), asio::detached);
  }
  co_await pause_until(where_.shard(), begin + asked_.duration);
  over_ = true;
  const auto until = where_.shard().now() + answer_deadline;
  while (uploaders_ > 0 && where_.shard().now() < until) co_await pause(where_.shard(), look);
  const auto took = std::chrono::duration<double>(where_.shard().now() - begin);
  const auto after = read_cpu(asked_);

  const auto rate = static_cast<double>(stored_) / took.count();
  r.figures.push_back({"uploadsPerSecond", "stored", rate, "MiB/s", 1});
  r.figures.push_back({"uploadP50Ms", "an upload, p50", milliseconds(uploads_.percentile(50)), "ms", 1});
  r.figures.push_back({"uploadP99Ms", "an upload, p99", milliseconds(uploads_.percentile(99)), "ms", 1});
  tell_cpu(r, before, after, took, stored_, "upload");
  if (failed_ > 0) r.failures.push_back(std::to_string(failed_) + " uploads failed; the first: " + failure_);
  if (stored_ == 0) r.failures.emplace_back("not one upload was stored");
  r.notes.emplace_back("those who upload share the machine's cores with the server");
  co_return r;
}

std::string files_run::request_of(std::uint64_t user) const {
  std::string body = std::string("--") + boundary +
                     "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"bench.bin\"\r\n"
                     "Content-Type: application/octet-stream\r\n\r\n";
  body.append(file_bytes, 'f').append("\r\n--").append(boundary).append("--\r\n");
  return "POST /v1/files?userId=" + std::to_string(user) + " HTTP/1.1\r\nHost: " + asked_.server().host +
         "\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=" + boundary +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// One after the other, each on a connection of its own, as a phone does.
asio::awaitable<void> files_run::upload(std::uint64_t user) {
  const auto request = request_of(user);
  while (!over_) {
    const auto begin = where_.shard().now();
    const auto answer = co_await exchange(where_.shard(), asked_.server(), request);
    if (answer.starts_with("HTTP/1.1 201")) {
      ++stored_;
      uploads_.record(static_cast<std::uint64_t>((where_.shard().now() - begin).count()));
      continue;
    }
    if (failed_++ == 0) failure_ = answer.empty() ? "nothing" : answer.substr(0, answer.find("\r\n"));
    break;
  }
  --uploaders_;
}

} // namespace

asio::awaitable<report> run_files(runtime& where, const options& asked) {
  files_run run(where, asked);
  co_return co_await run.run();
}

} // namespace hongyan::bench
