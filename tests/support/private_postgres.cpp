#include "tests/support/private_postgres.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace hongyan::testing {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto limit = 60s;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error("private PostgreSQL: " + what); }

/// The newest installed version's programs.
std::string find_programs() {
  std::string found;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", none))
    if (fs::exists(entry.path() / "bin/initdb")) found = std::max(found, (entry.path() / "bin").string());
  if (found.empty()) fail("no /usr/lib/postgresql/*/bin/initdb; install the package postgresql");
  return found;
}

/// Whom the server runs as: nobody else's, nothing to change, unless we are root.
const passwd* server_user() {
  if (geteuid() != 0) return nullptr;
  for (const char* name : {"postgres", "nobody"})
    if (const passwd* user = getpwnam(name)) return user;
  fail("no user postgres or nobody to run it as");
}

std::string read_all(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// In memory where there is plenty, else in the usual place. A kill spares the system's cache on a disk as
/// well, so that the tests say the same; but a checkpoint of fifty fresh databases takes a slow disk half a
/// minute.
fs::path folder_for_clusters() {
  std::error_code none;
  const fs::path memory = "/dev/shm";
  constexpr std::uintmax_t plenty = 2'000'000'000;
  const auto space = fs::space(memory, none);
  return !none && space.available > plenty ? memory : fs::temp_directory_path();
}

/// A process's state as in ps(1), Z for one that has ended, and its parent; nothing when there is none.
std::optional<std::pair<char, pid_t>> look_at(pid_t process) {
  const std::string stat =
      read_all("/proc/" + std::to_string(process) + "/stat"); // PID (NAME) STATE PARENT …
  const auto name_end = stat.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream rest(stat.substr(name_end + 1));
  std::pair<char, pid_t> found;
  rest >> found.first >> found.second;
  return found;
}

/// A port that was free a moment ago.
int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0) fail("no free port");
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

/// Starts a program as the server's user, its output in `log`.
pid_t spawn(const std::vector<std::string>& command, const std::string& log) {
  std::vector<char*> arguments;
  for (const auto& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const passwd* user = server_user();
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) fail("cannot fork");
  if (child > 0) return child;

  if (user != nullptr && (setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)) _exit(126);
  prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (getppid() != parent) _exit(126);
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(out, 1);
  dup2(out, 2);
  setsid(); // a Ctrl-C is for the test, which then stops the server in order
  execv(arguments[0], arguments.data());
  _exit(127);
}

} // namespace

private_postgres::private_postgres() : programs_(find_programs()), port_(free_port()) {
  std::string folder = (folder_for_clusters() / "hongyan-pg-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) fail("cannot make a folder: " + std::string(std::strerror(errno)));
  folder_ = folder;
  const passwd* user = server_user();
  if (user != nullptr && chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0)
    fail("cannot give the folder away");

  const std::string log = folder_ + "/initdb.log";
  const pid_t made = spawn({programs_ + "/initdb", "-D", folder_ + "/data", "-U", "postgres", "--auth=trust",
                            "--encoding=UTF8", "--locale=C"},
                           log);
  int status = 0;
  waitpid(made, &status, 0);
  if (status != 0) fail("initdb: " + read_all(log));
  start();
}

private_postgres::~private_postgres() {
  try {
    stop();
  } catch (const std::exception&) {
    kill9();
  }
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

private_postgres& private_postgres::shared() {
  static private_postgres server;
  server.start();
  return server;
}

void private_postgres::start(const std::vector<std::string>& settings) {
  if (server_ > 0) return;
  // wal_writer_delay: what was not flushed by a commit stays so for a while, so that a test can tell.
  // mmap: what a killed server leaves behind is in the folder, too.
  std::vector<std::string> command{programs_ + "/postgres",
                                   "-D",
                                   folder_ + "/data",
                                   "-p",
                                   std::to_string(port_),
                                   "-k",
                                   folder_,
                                   "-c",
                                   "listen_addresses=127.0.0.1",
                                   "-c",
                                   "wal_writer_delay=10s",
                                   "-c",
                                   "shared_buffers=64MB",
                                   "-c",
                                   "dynamic_shared_memory_type=mmap"};
  for (const auto& setting : settings) command.insert(command.end(), {"-c", setting});
  server_ = spawn(command, folder_ + "/server.log");
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (PQping(uri("postgres").c_str()) != PQPING_OK) {
    if (waitpid(server_, nullptr, WNOHANG) == server_) {
      server_ = -1;
      fail("it ended: " + read_all(folder_ + "/server.log"));
    }
    if (std::chrono::steady_clock::now() > deadline) fail("it does not answer");
    std::this_thread::sleep_for(10ms); // between two looks; nothing depends on how long
  }
}

void private_postgres::stop() {
  if (server_ < 0) return;
  kill(server_, SIGINT); // "fast": ends sessions, then checkpoints
  waitpid(server_, nullptr, 0);
  server_ = -1;
}

std::vector<pid_t> private_postgres::children() const {
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (!std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; })) continue;
    const pid_t process = std::stoi(name);
    if (const auto seen = look_at(process); seen && seen->second == server_) found.push_back(process);
  }
  return found;
}

void private_postgres::signal_all(int signal) {
  if (server_ < 0) fail("it does not run");
  // The server first: it would make new ones, or act on their end.
  kill(server_, signal);
  for (const pid_t child : children()) kill(child, signal);
}

void private_postgres::kill9() {
  if (server_ < 0) return;
  // Stopped first, so that it makes no more children while they are collected.
  kill(server_, SIGSTOP);
  waitpid(server_, nullptr, WUNTRACED);
  const auto sessions = children();
  for (const pid_t session : sessions) kill(session, SIGKILL);
  kill(server_, SIGKILL);
  waitpid(server_, nullptr, 0);
  server_ = -1;
  // A session that is not quite dead still holds the shared memory, and the next server would refuse to
  // start.
  for (const pid_t session : sessions)
    for (auto seen = look_at(session); seen && seen->first != 'Z'; seen = look_at(session))
      std::this_thread::yield();
}

void private_postgres::freeze() { signal_all(SIGSTOP); }
void private_postgres::thaw() { signal_all(SIGCONT); }

std::string private_postgres::uri(const std::string& database, int port) const {
  return "postgresql://postgres@127.0.0.1:" + std::to_string(port) + "/" + database;
}

std::string private_postgres::new_database(const std::string& options) {
  const std::string name = "test" + std::to_string(++databases_);
  ask("postgres", "CREATE DATABASE " + name + " " + options);
  return name;
}

std::string private_postgres::ask(const std::string& database, const std::string& sql) const {
  return postgres_session(uri(database)).ask(sql);
}

postgres_session::postgres_session(const std::string& uri) : connection_(PQconnectdb(uri.c_str())) {
  auto* connection = static_cast<PGconn*>(connection_);
  PQsetNoticeReceiver(
      connection, [](void*, const PGresult*) {}, nullptr);
  if (PQstatus(connection) == CONNECTION_OK) return;
  const std::string why = PQerrorMessage(connection);
  PQfinish(connection);
  fail(why);
}

postgres_session::~postgres_session() { PQfinish(static_cast<PGconn*>(connection_)); }

std::string postgres_session::ask(const std::string& sql) {
  PGresult* rows = PQexec(static_cast<PGconn*>(connection_), sql.c_str());
  const auto status = PQresultStatus(rows);
  const std::string value = status == PGRES_TUPLES_OK && PQntuples(rows) > 0 ? PQgetvalue(rows, 0, 0) : "";
  const std::string why = PQresultErrorMessage(rows);
  PQclear(rows);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) fail(why);
  return value;
}

} // namespace hongyan::testing
