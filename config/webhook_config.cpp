#include "config/webhook_config.hpp"

#include "config/values.hpp"
#include "core/chat/event.hpp"
#include "core/tools/ascii.hpp"
#include "core/wire/network.hpp"
#include "core/wire/origin.hpp"
#include "webhooks/private_address.hpp"

#include <algorithm>

namespace hongyan {

namespace {

/// A key of a table of [[webhooks]]: takes a value in; answers what is accepted when it is not.
struct webhook_key {
  std::string_view name;
  std::optional<std::string> (*set)(webhook_settings&, const toml::node& value);
};

std::optional<std::string> set_webhook_name(webhook_settings& w, const toml::node& v) {
  w.name = v.value_exact<std::string>().value_or("");
  if (w.name.empty() || w.name.size() > 64 || !std::ranges::all_of(w.name, is_id_character))
    return "1 to 64 of A-Z, a-z, 0-9, _ and -";
  return {};
}

/// The host of a URL that may be posted to: a name, an IPv4 address, or an IPv6 one without its brackets.
/// Nothing: it is no http(s)://HOST[:PORT][/PATH][?QUERY].
std::optional<std::string> webhook_host(std::string_view url) {
  constexpr std::size_t url_bytes_max = 2048;
  const auto is_plain = [](char ch) {
    return ch > 0x20 && ch < 0x7F && ch != '"' && ch != '\\' && ch != '#';
  };
  if (url.size() > url_bytes_max || !std::ranges::all_of(url, is_plain)) return {};
  const std::string_view scheme = url.starts_with("https://") ? "https://" : "http://";
  if (!url.starts_with(scheme)) return {};
  auto host = url.substr(scheme.size());
  host = host.substr(0, host.find_first_of("/?"));
  const auto colon = host.find_last_not_of("0123456789");
  if (colon != std::string_view::npos && host[colon] == ':') {
    unsigned short port = 0;
    if (!parse_number<unsigned short>(std::string(host.substr(colon + 1)), 1, 65535, port)) return {};
    host = host.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (host.find(':') == std::string_view::npos || !parse_address(host)) return {};
    return std::string(host);
  }
  const auto fits = [](char ch) {
    return (ch >= '0' && ch <= '9') || (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z') || ch == '.' ||
           ch == '-' || ch == '_';
  };
  if (host.empty() || !std::ranges::all_of(host, fits)) return {};
  return std::string(host);
}

std::optional<std::string> set_webhook_url(webhook_settings& w, const toml::node& v) {
  w.url = v.value_exact<std::string>().value_or("");
  return posted_url_fault(w.url);
}

std::optional<std::string> set_webhook_events(webhook_settings& w, const toml::node& v) {
  std::string known;
  for (const auto type : event_type_names) known.append(known.empty() ? "" : ", ").append(type);
  const auto accepted = "a list of one or more of " + known + "; without it: all";
  const auto* list = v.as_array();
  if (list == nullptr || list->empty()) return accepted;
  for (const auto& item : *list) {
    auto type = item.value_exact<std::string>();
    if (!type || std::ranges::find(event_type_names, *type) == event_type_names.end()) return accepted;
    w.events.push_back(*std::move(type));
  }
  return {};
}

const std::vector<webhook_key>& webhook_keys() {
  static const std::vector<webhook_key> all{
      {"name", set_webhook_name},
      {"url", set_webhook_url},
      {"secret_file",
       [](webhook_settings& w, const toml::node& v) -> std::optional<std::string> {
         w.secret_file = v.value_exact<std::string>().value_or("");
         if (w.secret_file.empty()) return "the path of a file";
         return {};
       }},
      {"events", set_webhook_events},
      {"concurrency",
       [](webhook_settings& w, const toml::node& v) -> std::optional<std::string> {
         const auto count = v.value_exact<std::int64_t>().value_or(0);
         if (count < 1 || count > 64) return range(1, 64);
         w.concurrency = static_cast<std::size_t>(count);
         return {};
       }},
      {"keep_days",
       [](webhook_settings& w, const toml::node& v) -> std::optional<std::string> {
         const auto count = v.value_exact<std::int64_t>().value_or(0);
         if (count < 1 || count > 365) return range(1, 365);
         w.keep_days = std::chrono::days(count);
         return {};
       }},
      {"allow_private",
       [](webhook_settings& w, const toml::node& v) -> std::optional<std::string> {
         const auto allowed = v.value_exact<bool>();
         if (!allowed) return "true or false";
         w.allow_private = *allowed;
         return {};
       }},
  };
  return all;
}

/// By the URL alone; what a name resolves to is looked at when it is connected to.
bool is_private_host(const std::string& host) {
  const auto address = parse_address(host);
  return is_loopback_host(host) || (address && webhooks::is_private(*address));
}

/// `place` is where it stands: FILE line N.
std::optional<error> read_webhook(const toml::table& table, const std::string& place, webhook_settings& out) {
  const auto where = [&](const std::string& key) { return "webhooks." + key + " in " + place; };
  for (const auto& [name, node] : table) {
    const std::string key(name.str());
    const auto known = std::ranges::find(webhook_keys(), key, &webhook_key::name);
    if (known == webhook_keys().end())
      return bad(where(key), "unknown key",
                 "name, url, secret_file, events, concurrency, keep_days and allow_private");
    const auto accepted = known->set(out, node);
    if (!accepted) continue;
    // A URL may hold a password.
    const auto value = key == "url" ? std::nullopt : scalar_text(node);
    return bad(where(key), (value ? "\"" + *value + "\"" : "its value") + " is not accepted", *accepted);
  }
  for (const auto& [key, value] :
       {std::pair("name", &out.name), std::pair("url", &out.url), std::pair("secret_file", &out.secret_file)})
    if (value->empty()) return bad(where(key), "it is missing", "name, url and secret_file together");
  if (out.allow_private) return {};
  if (!out.url.starts_with("https://"))
    return bad(where("url"), "it is in the clear", "https://, or with allow_private = true http://, too");
  if (is_private_host(*webhook_host(out.url)))
    return bad(where("url"), "its host is this machine, or in a private network",
               "a host of the Internet, or allow_private = true as well");
  return {};
}

} // namespace

std::optional<std::string> posted_url_fault(const std::string& url) {
  if (webhook_host(url)) return {};
  return "https://HOST or https://HOST:PORT, with a path and a query or without; no user, fragment or space";
}

std::optional<error> read_webhooks(const toml::node& node, const std::string& file,
                                   std::vector<webhook_settings>& out) {
  const auto* list = node.as_array();
  if (list == nullptr || !std::ranges::all_of(*list, [](const toml::node& n) { return n.is_table(); }))
    return bad("webhooks in " + file, "it is no list of tables", "a table [[webhooks]] for each of them");
  for (const auto& item : *list) {
    const auto place = file + " line " + std::to_string(item.source().begin.line);
    webhook_settings one;
    if (auto e = read_webhook(*item.as_table(), place, one)) return e;
    if (std::ranges::find(out, one.name, &webhook_settings::name) != out.end())
      return bad("webhooks.name in " + place, "\"" + one.name + "\" is another's, too",
                 "a name of its own for each");
    out.push_back(std::move(one));
  }
  return {};
}

} // namespace hongyan
