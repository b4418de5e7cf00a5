#include "config/load_config.hpp"

#include "core/wire/origin.hpp"
#include "tests/fuzz/targets.hpp"

#include <algorithm>
#include <map>
#include <sys/mman.h>
#include <unistd.h>

namespace hongyan::fuzz {

namespace {

/// A file in memory, by its path.
class memory_file {
public:
  explicit memory_file(std::string_view text) : descriptor_(memfd_create("hongyan.toml", 0)) {
    demand(descriptor_ >= 0 &&
               write(descriptor_, text.data(), text.size()) == static_cast<ssize_t>(text.size()),
           "no file could be made");
  }
  memory_file(const memory_file&) = delete;
  memory_file& operator=(const memory_file&) = delete;
  ~memory_file() { close(descriptor_); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

private:
  int descriptor_;
};

void look_at(const server_config& c) {
  demand(!c.asks_for_tokens || !c.keys.secret.empty() || !c.keys.keys.empty(), "--auth token without keys");
  demand(c.asks_for_tokens || c.insecure || is_loopback_host(c.listen.host), "--auth none off loopback");
  demand(c.tls_certificate.empty() == c.tls_key.empty(), "half of TLS");
  demand(c.wechat.app_id.empty() == c.keys.wechat_secret.empty(), "half of WeChat's login");
  demand(c.heartbeat.count() > 0 && c.limits.header_bytes >= 1024 && c.limits.sessions > 0,
         "a limit out of its range");
  for (const auto& w : c.webhooks)
    demand(!w.name.empty() && !w.secret_file.empty() && w.concurrency >= 1 && w.concurrency <= 64 &&
               w.keep_days.count() >= 1 && (w.allow_private || w.url.starts_with("https://")) &&
               std::ranges::count(c.webhooks, w.name, &webhook_settings::name) == 1,
           "a webhook that is none, or two of one name");
  const auto again = load_config({"--listen", c.listen.text(), "--insecure"},
                                 [](const std::string&) { return std::optional<std::string>(); });
  demand(again.has_value() && std::get<server_config>(*again).listen.text() == c.listen.text(),
         "an address that cannot be read again: " + c.listen.text());
}

} // namespace

void configuration(std::string_view input) {
  std::vector<std::string> arguments;
  std::map<std::string, std::string> variables;
  for (auto line = take_line(input); !line.empty();) {
    const std::string word(line.substr(0, line.find(' ')));
    line.remove_prefix(std::min(line.size(), word.size() + 1));
    const auto equals = word.find('=');
    if (word.starts_with("HONGYAN_") && equals != std::string::npos) {
      variables[word.substr(0, equals)] = word.substr(equals + 1);
    } else if (word.find("config") == std::string::npos) { // no file but ours is read
      arguments.push_back(word);
    }
  }
  variables.erase("HONGYAN_CONFIG");
  const memory_file file(input);
  arguments.insert(arguments.begin(), {"--config", file.path()});
  const auto loaded = load_config(arguments, [&](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
  if (!loaded) {
    const auto& detail = loaded.error().detail;
    demand(!detail.empty() &&
               std::ranges::none_of(detail, [](unsigned char c) { return c < 0x20 || c == 0x7F; }),
           "a refusal is one line of text: " + detail);
  } else if (const auto* config = std::get_if<server_config>(&*loaded)) {
    look_at(*config);
  }
}

} // namespace hongyan::fuzz
