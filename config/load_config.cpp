#include "config/load_config.hpp"

#include "config/notice_config.hpp"
#include "config/values.hpp"
#include "config/webhook_config.hpp"
#include "core/wire/origin.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <toml++/toml.h>

namespace hongyan {

std::string listen_address::text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

namespace {

/// Takes a value in; answers what is accepted when it is not.
using setter = std::function<std::optional<std::string>(server_config&, const std::string& value)>;

enum class option_kind { single, repeatable, toggle };

/// A row for each option: the flag is `--` + key with `_` as `-`, the variable HONGYAN_ + KEY.
struct option {
  std::string key; ///< in the file, dots for tables
  bool has_flag;
  option_kind kind;
  std::string placeholder;
  std::string help;
  setter set;
};

template <class Field>
setter number(Field server_config::*field, Field low, Field high) {
  return [=](server_config& c, const std::string& v) -> std::optional<std::string> {
    if (parse_number(v, low, high, c.*field)) return {};
    return range(low, high);
  };
}

setter limit(std::size_t limits::*field, std::size_t low, std::size_t high) {
  return [=](server_config& c, const std::string& v) -> std::optional<std::string> {
    if (parse_number(v, low, high, c.limits.*field)) return {};
    return range(low, high);
  };
}

setter seconds(std::chrono::seconds server_config::*field, long low, long high) {
  return [=](server_config& c, const std::string& v) -> std::optional<std::string> {
    long count = 0;
    if (!parse_number(v, low, high, count)) return range(low, high, " (seconds)");
    c.*field = std::chrono::seconds(count);
    return {};
  };
}

constexpr const char* listen_accepted =
    "HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080; port 0 picks a free one";

std::optional<std::string> set_listen(server_config& c, const std::string& v) {
  const auto address = listen_address::parse(v);
  if (!address) return listen_accepted;
  c.listen = *address;
  return {};
}

std::optional<std::string> set_cluster_listen(server_config& c, const std::string& v) {
  c.cluster_listen = listen_address::parse(v);
  if (!c.cluster_listen) return listen_accepted;
  return {};
}

std::optional<std::string> add_cluster_join(server_config& c, const std::string& v) {
  const auto address = listen_address::parse(v);
  if (!address || address->port == 0) return "HOST:PORT of another node's --cluster-listen";
  c.cluster_join.push_back(v);
  return {};
}

std::optional<std::string> set_database(server_config& c, const std::string& v) {
  const bool known = (v.starts_with("sqlite:") && v.size() > 7) || v.starts_with("postgresql://") ||
                     v.starts_with("postgres://");
  if (!known) return "sqlite:PATH or postgresql://USER@HOST/DATABASE (any libpq URI)";
  c.database = v;
  return {};
}

setter flag(bool server_config::*field) {
  return [field](server_config& c, const std::string& v) -> std::optional<std::string> {
    if (v != "true" && v != "false" && v != "1" && v != "0") return "true or false";
    c.*field = v == "true" || v == "1";
    return {};
  };
}

setter path(std::string server_config::*field) {
  return [field](server_config& c, const std::string& v) -> std::optional<std::string> {
    if (v.empty()) return "the path of a file";
    c.*field = v;
    return {};
  };
}

setter path(std::string auth::key_files::*field) {
  return [field](server_config& c, const std::string& v) -> std::optional<std::string> {
    if (v.empty()) return "the path of a file";
    c.keys.*field = v;
    return {};
  };
}

std::optional<std::string> set_node(server_config& c, const std::string& v) {
  const auto fits = [](char ch) { return ch > 0x20 && ch < 0x7F && ch != '"' && ch != '\\'; };
  if (v.empty() || v.size() > 64 || !std::ranges::all_of(v, fits))
    return "1 to 64 printable ASCII characters without spaces, quotes or backslashes";
  c.node = v;
  return {};
}

constexpr std::size_t trace_bytes_min = 1 << 20, trace_bytes_max = std::size_t{4} << 30;

/// A collector's address alone is that of OTLP/HTTP's receiver there, which all have at the same path.
std::optional<std::string> set_otlp_url(server_config& c, const std::string& v) {
  if (posted_url_fault(v))
    return "http://HOST:PORT (its /v1/traces is posted to), or the whole URL that spans are posted to";
  const auto path = v.find_first_of("/?", v.find("://") + 3);
  const bool has_path = path != std::string::npos && path + 1 < v.size();
  c.otlp_url = has_path ? v : v.substr(0, path) + "/v1/traces";
  return {};
}

std::optional<std::string> set_trace_memory(server_config& c, const std::string& v) {
  std::size_t bytes = 0;
  const auto [end, fault] = std::from_chars(v.data(), v.data() + v.size(), bytes);
  const bool is_number = fault == std::errc{} && end == v.data() + v.size();
  if (!is_number || (bytes != 0 && (bytes < trace_bytes_min || bytes > trace_bytes_max)))
    return "0 (nothing is kept), or bytes from 1048576 (1 MiB) to 4294967296 (4 GiB)";
  c.trace_memory = bytes;
  return {};
}

/// Under a week a phone that was away would miss what it was sent (contract, promise 2).
constexpr int retention_days_min = 7, retention_days_max = 36'500;

std::optional<std::string> set_retention(server_config& c, const std::string& v) {
  int days = 0;
  const auto [end, fault] = std::from_chars(v.data(), v.data() + v.size(), days);
  const bool is_number = fault == std::errc{} && end == v.data() + v.size();
  if (!is_number || (days != 0 && (days < retention_days_min || days > retention_days_max)))
    return "0 (messages are kept for ever), or 7 to 36500";
  c.retention = std::chrono::days(days);
  return {};
}

std::optional<std::string> set_time_zone(server_config& c, const std::string& v) {
  std::error_code ec;
  const bool looks_right = !v.empty() && v.front() != '/' && v.find("..") == std::string::npos;
  char magic[4] = {}; // not every file there is a zone, and the C library would silently take UTC
  if (looks_right && std::filesystem::is_regular_file("/usr/share/zoneinfo/" + v, ec))
    std::ifstream("/usr/share/zoneinfo/" + v, std::ios::binary).read(magic, sizeof magic);
  if (std::string_view(magic, sizeof magic) != "TZif")
    return "a zone of the system's zoneinfo, such as Asia/Shanghai";
  c.time_zone = v;
  return {};
}

std::optional<std::string> set_app_id(server_config& c, const std::string& v) {
  const auto fits = [](char ch) {
    return (ch >= '0' && ch <= '9') || (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z');
  };
  if (v.empty() || v.size() > 64 || !std::ranges::all_of(v, fits))
    return "the mini-program's AppID: letters and digits";
  c.wechat.app_id = v;
  return {};
}

/// The app's secret goes there in the address: in the clear only to this machine.
std::optional<std::string> set_wechat_url(server_config& c, const std::string& v) {
  if (!is_origin(v) || (!v.starts_with("https://") && !is_loopback_origin(v)))
    return "https://HOST or https://HOST:PORT; http:// for a loopback address only";
  c.wechat.base_url = v;
  return {};
}

std::optional<std::string> set_log_level(server_config& c, const std::string& v) {
  static const std::vector<std::string> levels{"debug", "info", "warning", "error"};
  if (std::ranges::find(levels, v) == levels.end()) return "debug, info, warning or error";
  c.log_level = v;
  return {};
}

std::optional<std::string> set_public_url(server_config& c, const std::string& v) {
  if (!is_origin(v)) return "http(s)://HOST or http(s)://HOST:PORT, without anything after it";
  c.public_url = v;
  return {};
}

std::optional<std::string> set_file_store(server_config& c, const std::string& v) {
  // What an S3 address must be, files/ knows.
  if (v != "off" && !(v.starts_with("dir:") && v.size() > 4) && !v.starts_with("s3:"))
    return "dir:PATH, s3:https://ENDPOINT/BUCKET or off";
  c.files.store = v;
  return {};
}

std::optional<std::string> add_file_type(server_config& c, const std::string& v) {
  const auto slash = v.find('/');
  const auto fits = [](char ch) { return ch > 0x20 && ch < 0x7F && ch != '"' && ch != ','; };
  if (slash == std::string::npos || slash == 0 || slash + 1 == v.size() || v.size() > 100 ||
      v.find('/', slash + 1) != std::string::npos || !std::ranges::all_of(v, fits))
    return "TYPE/SUBTYPE or TYPE/*, such as image/png or audio/*";
  c.files.types.push_back(v);
  return {};
}

template <class Field>
setter file_number(Field file_settings::*field, std::int64_t low, std::int64_t high) {
  return [=](server_config& c, const std::string& v) -> std::optional<std::string> {
    std::int64_t count = 0;
    if (!parse_number(v, low, high, count)) return range(low, high);
    c.files.*field = Field(count);
    return {};
  };
}

std::optional<std::string> set_s3_region(server_config& c, const std::string& v) {
  const auto fits = [](char ch) { return (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z') || ch == '-'; };
  if (v.empty() || v.size() > 64 || !std::ranges::all_of(v, fits))
    return "a region, such as us-east-1 or cn-north-1";
  c.files.s3_region = v;
  return {};
}

const std::vector<option>& options() {
  using enum option_kind;
  static const std::vector<option> all{
      {"listen", true, single, "HOST:PORT",
       "serve HTTP and WebSocket here (127.0.0.1:8080; port 0: a free one)", set_listen},
      {"database", true, single, "URL", "sqlite:PATH or postgresql://... (sqlite:hongyan.db)", set_database},
      {"auth", true, single, "none|token",
       "who may come in; none: anybody, so only on loopback; token: who has a token or a key (none)",
       [](server_config& c, const std::string& v) -> std::optional<std::string> {
         if (v != "none" && v != "token") return "none or token";
         c.asks_for_tokens = v == "token";
         return {};
       }},
      {"auth_secret_file", true, single, "FILE", "its first line signs and verifies user tokens (HS256)",
       path(&auth::key_files::secret)},
      {"auth_keys", true, single, "FILE", "public keys (JWKS) of those who sign user tokens elsewhere",
       path(&auth::key_files::keys)},
      {"api_key_file", true, single, "FILE",
       "keys of the business back end: a line each, KEY or NAME SCOPES KEY",
       path(&auth::key_files::api_keys)},
      {"insecure", true, toggle, "", "allow --auth none where others than this machine can come in",
       flag(&server_config::insecure)},
      {"allow_origin", true, repeatable, "ORIGIN", "a web site that may come in, such as https://example.com",
       [](server_config& c, const std::string& v) -> std::optional<std::string> {
         if (!is_origin(v))
           return "scheme://host or scheme://host:port, with http or https and nothing after it";
         c.allow_origin.push_back(v);
         return {};
       }},
      {"trusted_proxy", true, repeatable, "CIDR",
       "a network whose X-Forwarded-For is believed, such as 10.0.0.0/8",
       [](server_config& c, const std::string& v) -> std::optional<std::string> {
         const auto network = parse_network(v);
         if (!network) return "ADDRESS or ADDRESS/BITS, such as 127.0.0.1 or 10.0.0.0/8";
         c.trusted_proxies.push_back(*network);
         return {};
       }},
      {"tls_cert", true, single, "FILE", "serve https and wss with this certificate and its chain (PEM)",
       path(&server_config::tls_certificate)},
      {"tls_key", true, single, "FILE", "its private key (PEM)", path(&server_config::tls_key)},
      {"io_threads", true, single, "N", "threads that serve sockets (one a core)",
       number(&server_config::io_threads, 1u, 256u)},
      {"node", true, single, "NAME", "this server's name in presence, metrics and logs (host:port)",
       set_node},
      {"cluster_listen", true, single, "HOST:PORT",
       "be one node of a cluster: other nodes reach this one here", set_cluster_listen},
      {"cluster_join", true, repeatable, "HOST:PORT",
       "another node, when the database does not show the address it is reached at", add_cluster_join},
      {"cluster_tls_cert", true, single, "FILE",
       "this node's certificate among nodes (PEM); needed when the cluster's port is not on loopback",
       path(&server_config::cluster_tls_certificate)},
      {"cluster_tls_key", true, single, "FILE", "its private key (PEM)",
       path(&server_config::cluster_tls_key)},
      {"cluster_tls_ca", true, single, "FILE", "who signed all nodes' certificates (PEM)",
       path(&server_config::cluster_tls_authority)},
      {"page", false, single, "", "", flag(&server_config::page)},
      {"admin.page", false, single, "", "", flag(&server_config::admin_page)},
      {"classic.window", false, single, "", "", number<std::size_t>(&server_config::classic_window, 1, 500)},
      {"classic.time_zone", false, single, "", "", set_time_zone},
      {"drain.timeout", false, single, "", "", seconds(&server_config::drain_timeout, 1, 3600)},
      {"recall.window", false, single, "", "", seconds(&server_config::recall_window, 0, 31'536'000)},
      {"edit.window", false, single, "", "", seconds(&server_config::edit_window, 0, 31'536'000)},
      {"public_url", false, single, "", "", set_public_url},
      {"files.store", false, single, "", "", set_file_store},
      {"files.max", false, single, "", "", file_number(&file_settings::max, 1, std::int64_t{1} << 40)},
      {"files.user_day", false, single, "", "",
       file_number(&file_settings::user_day, 1, std::int64_t{0xFFFF'FFFF})},
      {"files.types", false, repeatable, "", "", add_file_type},
      {"files.unsent_hours", false, single, "", "", file_number(&file_settings::unsent, 1, 8'760)},
      {"files.url_seconds", false, single, "", "", file_number(&file_settings::url_seconds, 1, 604'800)},
      {"files.s3_region", false, single, "", "", set_s3_region},
      {"files.s3_key_file", false, single, "", "",
       [](server_config& c, const std::string& v) -> std::optional<std::string> {
         if (v.empty()) return "the path of a file";
         c.files.s3_key_file = v;
         return {};
       }},
      {"files.s3_path_style", false, single, "", "",
       [](server_config& c, const std::string& v) -> std::optional<std::string> {
         if (v != "true" && v != "false") return "true or false";
         c.files.s3_path_style = v == "true";
         return {};
       }},
      {"heartbeat", false, single, "", "", seconds(&server_config::heartbeat, 1, 600)},
      {"trace.memory", false, single, "", "", set_trace_memory},
      {"trace.otlp_url", false, single, "", "", set_otlp_url},
      {"retention.days", false, single, "", "", set_retention},
      {"presence.public", false, single, "", "",
       [](server_config& c, const std::string& v) -> std::optional<std::string> {
         if (v != "true" && v != "false") return "true or false";
         c.presence_is_public = v == "true";
         return {};
       }},
      {"before_send.url", false, single, "", "",
       [](server_config& c, const std::string& v) -> std::optional<std::string> {
         c.before_send.url = v;
         return posted_url_fault(v);
       }},
      {"before_send.secret_file", false, single, "", "",
       [](server_config& c, const std::string& v) -> std::optional<std::string> {
         c.before_send.secret_file = v;
         return v.empty() ? std::optional<std::string>("the path of a file") : std::nullopt;
       }},
      {"before_send.timeout", false, single, "", "",
       [](server_config& c, const std::string& v) -> std::optional<std::string> {
         std::chrono::seconds::rep count = 0;
         if (!parse_number<std::chrono::seconds::rep>(v, 1, 8, count)) return range(1, 8, " (seconds)");
         c.before_send.timeout = std::chrono::seconds(count);
         return {};
       }},
      {"before_send.concurrency", false, single, "", "",
       [](server_config& c, const std::string& v) -> std::optional<std::string> {
         if (parse_number<std::size_t>(v, 1, 1024, c.before_send.concurrency)) return {};
         return range(1, 1024);
       }},
      {"before_send.on_failure", false, single, "", "",
       [](server_config& c, const std::string& v) -> std::optional<std::string> {
         if (v != "allow" && v != "deny") return "allow or deny";
         c.before_send.denies_on_failure = v == "deny";
         return {};
       }},
      {"wechat.app_id", false, single, "", "", set_app_id},
      {"wechat.secret_file", false, single, "", "", path(&auth::key_files::wechat_secret)},
      {"wechat.base_url", false, single, "", "", set_wechat_url},
      {"wechat.callback_token_file", false, single, "", "", path(&auth::key_files::wechat_callback_token)},
      {"wechat.aes_key_file", false, single, "", "", path(&auth::key_files::wechat_aes_key)},
      {"moderation.text", false, single, "", "",
       [](server_config& c, const std::string& v) -> std::optional<std::string> {
         using enum content_rules::when;
         if (v != "off" && v != "before" && v != "after") return "off, before or after";
         c.moderation.rules.text = v == "off" ? off : v == "before" ? before : after;
         return {};
       }},
      {"moderation.media", false, single, "", "",
       [](server_config& c, const std::string& v) -> std::optional<std::string> {
         if (v != "off" && v != "after") return "off or after";
         c.moderation.rules.media = v == "after";
         return {};
       }},
      {"moderation.words_file", false, single, "", "",
       [](server_config& c, const std::string& v) -> std::optional<std::string> {
         c.moderation.words_file = v;
         return v.empty() ? std::optional<std::string>("the path of a file") : std::nullopt;
       }},
      {"moderation.review", false, single, "", "",
       [](server_config& c, const std::string& v) -> std::optional<std::string> {
         if (v != "pass" && v != "risky") return "pass or risky";
         c.moderation.rules.review_is_risky = v == "risky";
         return {};
       }},
      {"moderation.on_failure", false, single, "", "",
       [](server_config& c, const std::string& v) -> std::optional<std::string> {
         if (v != "allow" && v != "deny") return "allow or deny";
         c.moderation.rules.denies_on_failure = v == "deny";
         return {};
       }},
      {"log.level", false, single, "", "", set_log_level},
      {"limits.content_chars", false, single, "", "", limit(&limits::content_chars, 1, 65'536)},
      {"limits.object_bytes", false, single, "", "", limit(&limits::object_bytes, 64, 65'536)},
      {"limits.ext_bytes", false, single, "", "", limit(&limits::ext_bytes, 2, 65'536)},
      {"limits.outbox_bytes", false, single, "", "", limit(&limits::outbox_bytes, 65'536, 256 << 20)},
      {"limits.name_chars", false, single, "", "", limit(&limits::name_chars, 1, 1024)},
      {"limits.header_bytes", false, single, "", "", limit(&limits::header_bytes, 1024, 1 << 20)},
      {"limits.body_bytes", false, single, "", "", limit(&limits::body_bytes, 1024, 64 << 20)},
      {"limits.message_bytes", false, single, "", "", limit(&limits::message_bytes, 125, 16 << 20)},
      {"limits.connections", false, single, "", "", limit(&limits::connections, 1, 10'000'000)},
      {"limits.memory", false, single, "", "", limit(&limits::memory, 16 << 20, std::size_t{1} << 44)},
      {"limits.backlog", false, single, "", "", limit(&limits::backlog, 1, 1'000'000)},
      {"limits.deliveries", false, single, "", "", limit(&limits::deliveries, 1, 10'000'000)},
      {"limits.history", false, single, "", "", limit(&limits::history, 1, 100'000)},
      {"limits.searches", false, single, "", "", limit(&limits::searches, 1, 100'000)},
      {"limits.user_day_bytes", false, single, "", "",
       limit(&limits::user_day_bytes, 65'536, std::size_t{1} << 40)},
      {"limits.sends_per_second", false, single, "", "", limit(&limits::sends_per_second, 1, 100'000)},
      {"limits.sends_burst", false, single, "", "", limit(&limits::sends_burst, 1, 1'000'000)},
      {"limits.requests_per_second", false, single, "", "", limit(&limits::requests_per_second, 1, 100'000)},
      {"limits.requests_burst", false, single, "", "", limit(&limits::requests_burst, 1, 1'000'000)},
      {"limits.handshakes_per_second", false, single, "", "",
       limit(&limits::handshakes_per_second, 1, 100'000)},
      {"limits.handshakes_burst", false, single, "", "", limit(&limits::handshakes_burst, 1, 1'000'000)},
      {"limits.logins_per_second", false, single, "", "", limit(&limits::logins_per_second, 1, 100'000)},
      {"limits.logins_burst", false, single, "", "", limit(&limits::logins_burst, 1, 1'000'000)},
      {"limits.address_sessions", false, single, "", "", limit(&limits::address_sessions, 1, 10'000'000)},
      {"limits.sessions", false, single, "", "", limit(&limits::sessions, 1, 10'000)},
      {"limits.blocks", false, single, "", "", limit(&limits::blocks, 1, 100'000)},
      {"limits.groups_owned", false, single, "", "", limit(&limits::groups_owned, 1, 100'000)},
  };
  return all;
}

std::string flag_of(const option& o) {
  auto name = "--" + o.key;
  std::ranges::replace(name, '_', '-');
  return name;
}

std::string variable_of(const std::string& key) {
  std::string name = "HONGYAN_" + key;
  std::ranges::replace(name, '.', '_');
  std::ranges::transform(name, name.begin(), [](char c) { return static_cast<char>(std::toupper(c)); });
  return name;
}

/// One option's values from one source; the first source that has any wins.
struct given {
  std::string where; ///< how the person wrote it: --listen, HONGYAN_LISTEN, listen in FILE
  std::vector<std::string> values;
};

std::vector<std::string> split_commas(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto comma = std::min(text.find(',', begin), text.size());
    if (comma > begin) parts.push_back(text.substr(begin, comma - begin));
    begin = comma + 1;
  }
  return parts;
}

/// What a file sets.
struct file_contents {
  std::map<std::string, given> options{};
  std::vector<webhook_settings> webhooks{};
  std::vector<notice_template> notices{};
};

/// Flattens a table into key -> values; arrays only where the option is repeatable.
std::optional<error> read_table(const toml::table& table, const std::string& prefix, const std::string& file,
                                file_contents& out) {
  for (const auto& [name, node] : table) {
    auto key = prefix;
    key += name.str();
    if (key == "webhooks") {
      if (auto e = read_webhooks(node, file, out.webhooks)) return e;
      continue;
    }
    if (key == "wechat.subscribe") {
      if (auto e = read_notices(node, file, out.notices)) return e;
      continue;
    }
    if (const auto* inner = node.as_table()) {
      if (auto e = read_table(*inner, key + ".", file, out)) return e;
      continue;
    }
    const auto where = key + " in " + file;
    const auto known = std::ranges::find(options(), key, &option::key);
    if (known == options().end())
      return bad(where, "unknown key", "the keys explained in config/hongyan.toml");
    given values{where, {}};
    if (const auto* array = node.as_array(); array != nullptr && known->kind == option_kind::repeatable) {
      for (const auto& item : *array)
        if (auto text = scalar_text(item)) values.values.push_back(*text);
      if (values.values.size() != array->size())
        return bad(where, "not a list of strings", "a list of strings");
    } else if (auto text = scalar_text(node)) {
      values.values.push_back(*text);
    } else {
      return bad(where, "a value of the wrong type", "a string, a whole number, true or false");
    }
    out.options[key] = std::move(values);
  }
  return {};
}

result<file_contents> read_file(const std::string& file) {
  file_contents out;
  std::error_code ec;
  if (std::filesystem::is_directory(file, ec))
    return bad("--config " + file, "it is a directory", "a TOML file");
  toml::table table;
  try {
    table = toml::parse_file(file);
  } catch (const toml::parse_error& e) {
    const auto line = e.source().begin.line;
    return bad("--config " + file,
               std::string(e.description()) + (line > 0 ? " (line " + std::to_string(line) + ")" : ""),
               "a TOML file");
  }
  if (auto e = read_table(table, "", file, out)) return *e;
  return out;
}

/// What is to be checked needs whom to ask; pictures and voices, how WeChat gets them and answers.
std::optional<error> check_moderation(const server_config& config) {
  const auto& rules = config.moderation.rules;
  const bool has_wechat = !config.wechat.app_id.empty();
  const bool has_callback = !config.keys.wechat_callback_token.empty();
  if (rules.text != content_rules::when::off && !has_wechat && config.moderation.words_file.empty())
    return bad("moderation.text", "there is nobody to ask",
               "moderation.words_file, or wechat.app_id and wechat.secret_file, as well");
  if (rules.media && !has_wechat)
    return bad("moderation.media", "there is nobody to ask", "wechat.app_id and wechat.secret_file as well");
  if (rules.media && config.public_url.empty())
    return bad("moderation.media", "WeChat fetches files, and does not know where", "public_url as well");
  if (rules.media && (!has_callback || config.keys.wechat_aes_key.empty()))
    return bad("moderation.media", "its verdicts come by WeChat's callback, encrypted",
               "wechat.callback_token_file and wechat.aes_key_file as well");
  if (rules.media && config.files.is_off())
    return bad("moderation.media", "there are no files", "files.store as well");
  if (!config.keys.wechat_aes_key.empty() && !has_callback)
    return bad("wechat.aes_key_file", "it is given alone", "wechat.callback_token_file as well");
  if (has_callback && !has_wechat)
    return bad("wechat.callback_token_file", "it is given alone",
               "wechat.app_id and wechat.secret_file as well");
  return {};
}

std::optional<error> check_cluster(const server_config& c) {
  const int files =
      !c.cluster_tls_certificate.empty() + !c.cluster_tls_key.empty() + !c.cluster_tls_authority.empty();
  if (!c.cluster_listen) {
    if (!c.cluster_join.empty() || files > 0)
      return bad(files > 0 ? "--cluster-tls-..." : "--cluster-join", "it is given without --cluster-listen",
                 "--cluster-listen HOST:PORT as well");
    return {};
  }
  if (c.database.starts_with("sqlite:"))
    return bad("--cluster-listen", "SQLite's file is one server's; nodes share a database",
               "--database postgresql://... as well");
  if (files != 0 && files != 3)
    return bad("--cluster-tls-...", "some of its files are missing",
               "--cluster-tls-cert, --cluster-tls-key and --cluster-tls-ca together");
  if (files == 0 && !is_loopback_host(c.cluster_listen->host))
    return bad("--cluster-listen",
               "\"" + c.cluster_listen->text() +
                   "\" is not loopback, and without certificates anybody could join",
               "a loopback address, or --cluster-tls-cert, --cluster-tls-key and --cluster-tls-ca as well");
  return {};
}

/// Beside an embedded database; one that nodes may share says nothing of a folder that they do.
std::string default_file_store(const std::string& database) {
  constexpr std::string_view sqlite = "sqlite:";
  if (!database.starts_with(sqlite)) return "off";
  const std::filesystem::path file = database.substr(sqlite.size());
  return "dir:" + (file.parent_path() / "files").string();
}

/// CLI11's texts span lines; ours is one.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

} // namespace

std::optional<listen_address> listen_address::parse(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return {};
  auto host = text.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string::npos) {
    return {};
  }
  unsigned short port = 0;
  if (host.empty() || !parse_number<unsigned short>(text.substr(colon + 1), 0, 65535, port)) return {};
  return listen_address{host, port};
}

result<std::variant<server_config, print_and_exit>> load_config(const std::vector<std::string>& arguments,
                                                                const environment& env) {
  CLI::App app("Hongyan: a chat server for WeChat mini-programs", "hongyan");
  app.set_version_flag("--version", "hongyan " HONGYAN_VERSION);
  app.get_formatter()->column_width(32);
  app.footer(
      "Every option has a HONGYAN_... variable (HONGYAN_LISTEN) and a key in the file (listen); "
      "config/hongyan.toml explains them all.\n"
      "Commands, in place of serving, with the same options behind them:\n"
      "  hongyan import FILE...   take the Java tutorial's table of chats along (docs/from-java.md)\n"
      "  hongyan backup TO        a copy of the SQLite store and the files, of the server that runs "
      "(docs/operations.md)\n"
      "  hongyan migrate --from sqlite:PATH --to postgresql://...   everything into an empty PostgreSQL "
      "(docs/operations.md)\n"
      "  hongyan grant-sql ROLE   let a role of PostgreSQL send in its transactions (docs/back-end.md)");
  std::string file;
  std::map<std::string, std::vector<std::string>> flags;
  bool insecure = false;
  auto* config_flag =
      app.add_option("--config", file, "read options from this TOML file")->option_text("FILE");
  for (const auto& o : options()) {
    if (!o.has_flag) continue;
    if (o.kind == option_kind::toggle) {
      app.add_flag(flag_of(o), insecure, o.help);
    } else {
      auto* flag = app.add_option(flag_of(o), flags[o.key], o.help)->option_text(o.placeholder)->expected(1);
      flag->multi_option_policy(o.kind == option_kind::repeatable ? CLI::MultiOptionPolicy::TakeAll
                                                                  : CLI::MultiOptionPolicy::TakeLast);
      flag->allow_extra_args(false);
    }
  }

  try {
    auto reversed = arguments; // CLI11 takes them from the back
    std::ranges::reverse(reversed);
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    return std::variant<server_config, print_and_exit>(print_and_exit{app.help()});
  } catch (const CLI::CallForVersion& e) {
    return std::variant<server_config, print_and_exit>(print_and_exit{std::string(e.what()) + "\n"});
  } catch (const CLI::ExtrasError&) {
    const auto extras = app.remaining();
    return bad(extras.empty() ? "command line" : extras.front(), "unknown option", "the options of --help");
  } catch (const CLI::ParseError& e) {
    return bad("command line", first_line(e.what()), "the options of --help");
  }

  if (config_flag->count() == 0) file = env(variable_of("config")).value_or("");
  file_contents from_file;
  if (config_flag->count() > 0 || !file.empty()) {
    auto read = read_file(file);
    if (!read) return read.error();
    from_file = std::move(*read);
  }

  server_config config;
  config.webhooks = std::move(from_file.webhooks);
  config.notices = std::move(from_file.notices);
  for (const auto& one : config.notices) config.limits.notice_templates.push_back(one.id);
  for (const auto& o : options()) {
    given values;
    if (o.kind == option_kind::toggle && insecure) {
      values = {flag_of(o), {"true"}};
    } else if (!flags[o.key].empty()) {
      values = {flag_of(o), flags[o.key]};
    } else if (auto variable = env(variable_of(o.key))) {
      values = {variable_of(o.key),
                o.kind == option_kind::repeatable ? split_commas(*variable) : std::vector{*variable}};
    } else if (auto found = from_file.options.find(o.key); found != from_file.options.end()) {
      values = found->second;
    }
    for (const auto& value : values.values)
      if (auto accepted = o.set(config, value)) {
        const bool may_hold_a_password = o.key.ends_with(".url");
        return bad(values.where,
                   (may_hold_a_password ? "its value" : "\"" + value + "\"") + " is not accepted", *accepted);
      }
  }
  if (config.asks_for_tokens && config.keys.secret.empty() && config.keys.keys.empty())
    return bad("--auth", "\"token\" without keys lets nobody in",
               "token with --auth-secret-file or --auth-keys");
  if (config.tls_certificate.empty() != config.tls_key.empty())
    return bad(config.tls_key.empty() ? "--tls-cert" : "--tls-key", "it is given alone",
               "--tls-cert and --tls-key together");
  if (auto wrong = check_cluster(config)) return *wrong;
  if (config.files.store.starts_with("s3:") && config.files.s3_key_file.empty())
    return bad("files.store", "a bucket without a key lets nobody in", "files.s3_key_file as well");
  if (config.files.store.empty()) config.files.store = default_file_store(config.database);
  if (config.before_send.url.empty() != config.before_send.secret_file.empty())
    return bad(config.before_send.url.empty() ? "before_send.url" : "before_send.secret_file",
               "it is missing", "before_send.url and before_send.secret_file together");
  if (config.retention > config.retention.zero())
    for (const auto& one : config.webhooks)
      if (one.keep_days > config.retention)
        return bad("webhooks.keep_days of \"" + one.name + "\"",
                   "it is longer than retention.days, after which there is nothing to tell of",
                   "at most " + std::to_string(config.retention.count()));
  if (config.wechat.app_id.empty() != config.keys.wechat_secret.empty())
    return bad(config.wechat.app_id.empty() ? "wechat.secret_file" : "wechat.app_id", "it is given alone",
               "wechat.app_id and wechat.secret_file together");
  if (!config.wechat.app_id.empty() && config.keys.secret.empty())
    return bad("wechat.app_id", "who logs in by it is given a token, which nothing here could sign",
               "wechat.app_id with --auth-secret-file");
  if (auto wrong = check_moderation(config)) return *wrong;
  if (!config.notices.empty() && config.wechat.app_id.empty())
    return bad("wechat.subscribe", "there is nobody to send them",
               "wechat.app_id and wechat.secret_file as well");
  if (!config.asks_for_tokens && !config.insecure &&
      (!config.trusted_proxies.empty() || !config.allow_origin.empty()))
    return bad(
        config.trusted_proxies.empty() ? "--allow-origin" : "--trusted-proxy",
        "a proxy or a site brings others here, and with --auth none anybody of them could read and send as "
        "anybody",
        "--auth token, or --insecure as well");
  if (!config.asks_for_tokens && !config.insecure && !is_loopback_host(config.listen.host))
    return bad("--listen",
               "\"" + config.listen.text() +
                   "\" is not loopback, and with --auth none anybody there could "
                   "read and send as anybody",
               "a loopback address, --auth token, or --insecure as well");
  return std::variant<server_config, print_and_exit>(std::move(config));
}

} // namespace hongyan
