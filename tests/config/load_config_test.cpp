#include "config/load_config.hpp"

#include "core/chat/event.hpp"

#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <map>
#include <unistd.h>

using namespace hongyan;

namespace {

environment variables(std::map<std::string, std::string> set) {
  return [set = std::move(set)](const std::string& name) -> std::optional<std::string> {
    const auto found = set.find(name);
    return found == set.end() ? std::nullopt : std::optional(found->second);
  };
}

server_config load(const std::vector<std::string>& arguments, std::map<std::string, std::string> env = {}) {
  auto loaded = load_config(arguments, variables(std::move(env)));
  if (!loaded) FAIL(loaded.error().detail);
  return std::get<server_config>(*loaded);
}

std::string refusal(const std::vector<std::string>& arguments, std::map<std::string, std::string> env = {}) {
  const auto loaded = load_config(arguments, variables(std::move(env)));
  REQUIRE(loaded.has_error());
  CHECK(loaded.error().detail.find('\n') == std::string::npos);
  return loaded.error().detail;
}

struct config_file {
  explicit config_file(const std::string& text) {
    char name[] = "/tmp/hongyan-config-XXXXXX";
    close(mkstemp(name));
    path = name;
    std::ofstream(path) << text;
  }
  ~config_file() { std::remove(path.c_str()); }
  std::string path;
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("without options the defaults are the contract's", "[config]") {
  const auto c = load({});
  CHECK(c.listen.text() == "127.0.0.1:8080");
  CHECK(c.database == "sqlite:hongyan.db");
  CHECK(c.classic_window == 50);
  CHECK(c.heartbeat == std::chrono::seconds(25));
  CHECK(c.drain_timeout == std::chrono::seconds(10));
  CHECK(c.limits.body_bytes == 256 * 1024);
}

TEST_CASE("files go beside an embedded database, and nowhere of themselves with one that nodes may share",
          "[config]") {
  CHECK(load({}).files.store == "dir:files");
  CHECK(load({"--database", "sqlite:/var/lib/hongyan/hongyan.db"}).files.store ==
        "dir:/var/lib/hongyan/files");
  CHECK(load({"--database", "postgresql://h/d"}).files.store == "off");
}

TEST_CASE("flag over variable over file over default", "[config]") {
  const config_file file(
      "listen = \"127.0.0.1:1\"\nnode = \"file\"\nallow_origin = [\"http://a\", \"http://b\"]\n"
      "insecure = true\n[classic]\nwindow = 7\n[limits]\nbacklog = 9\n");
  CHECK(load({"--config", file.path}).listen.port == 1);
  CHECK(load({}, {{"HONGYAN_CONFIG", file.path}}).listen.port == 1);
  CHECK(load({"--config", file.path}).classic_window == 7);
  CHECK(load({"--config", file.path}).limits.backlog == 9);
  CHECK(load({"--config", file.path}).allow_origin == std::vector<std::string>{"http://a", "http://b"});

  const std::map<std::string, std::string> env{{"HONGYAN_LISTEN", "127.0.0.1:2"},
                                               {"HONGYAN_CLASSIC_WINDOW", "8"},
                                               {"HONGYAN_ALLOW_ORIGIN", "http://c,http://d"}};
  CHECK(load({"--config", file.path}, env).listen.port == 2);
  CHECK(load({"--config", file.path}, env).classic_window == 8);
  CHECK(load({"--config", file.path}, env).node == "file");
  CHECK(load({"--config", file.path}, env).allow_origin == std::vector<std::string>{"http://c", "http://d"});
  CHECK(load({"--config", file.path, "--listen", "127.0.0.1:3", "--allow-origin=http://e", "--allow-origin",
              "http://f"},
             env)
            .listen.port == 3);
  CHECK(load({"--allow-origin=http://e", "--allow-origin", "http://f", "--insecure"}, env).allow_origin ==
        std::vector<std::string>{"http://e", "http://f"});
}

TEST_CASE("a bad option is one line that names it, what was wrong and what is accepted", "[config]") {
  CHECK(refusal({"--nope"}) == "--nope: unknown option; accepted: the options of --help");
  CHECK(contains(refusal({"stray"}), "stray"));
  CHECK(refusal({"--listen", "8080"}).starts_with("--listen: \"8080\" is not accepted; accepted: HOST:PORT"));
  CHECK(contains(refusal({"--listen", "127.0.0.1:65536"}), "--listen"));
  CHECK(contains(refusal({"--listen", "::1:80"}), "--listen"));
  CHECK(contains(refusal({"--listen"}), "--listen"));
  CHECK(contains(refusal({"--database", "mysql://x"}), "sqlite:PATH"));
  CHECK(contains(refusal({"--auth", "token"}), "--auth"));
  CHECK(contains(refusal({"--io-threads", "0"}), "--io-threads"));
  CHECK(contains(refusal({"--io-threads", "two"}), "--io-threads"));
  CHECK(contains(refusal({"--node", "a b"}), "--node"));
  CHECK(contains(refusal({"--allow-origin", "example.com"}), "--allow-origin"));
  CHECK(contains(refusal({}, {{"HONGYAN_IO_THREADS", "x"}}), "HONGYAN_IO_THREADS"));
  CHECK(contains(refusal({"--config", "/nonexistent.toml"}), "--config /nonexistent.toml"));
  CHECK(contains(refusal({"--config", "/tmp"}), "--config /tmp: it is a directory"));

  for (const auto& [text, key] :
       std::map<std::string, std::string>{{"nope = 1", "nope"},
                                          {"[limits]\nnope = 1", "limits.nope"},
                                          {"listen = 1.5", "listen"},
                                          {"listen = [\"a\"]", "listen"},
                                          {"heartbeat = 0", "heartbeat"},
                                          {"[log]\nlevel = \"loud\"", "log.level"},
                                          {"[classic]\ntime_zone = \"Mars/Base\"", "classic.time_zone"},
                                          {"[classic]\ntime_zone = \"zone.tab\"", "classic.time_zone"},
                                          {"broken", "line 1"}}) {
    const config_file file(text);
    CHECK(contains(refusal({"--config", file.path}), key));
  }
}

TEST_CASE("a refusal is one line whatever it quotes", "[config]") {
  CHECK(refusal({"--node", "a\nb"}).starts_with("--node: \"a?b\" is not accepted"));
  CHECK(refusal({"--x\x1B[2J"}).starts_with("--x?[2J: unknown option"));
  const config_file file("\"a\\nb\" = 1");
  CHECK(refusal({"--config", file.path}).starts_with("a?b in "));
}

TEST_CASE("without login the server stays on loopback unless told otherwise", "[config]") {
  CHECK(contains(refusal({"--listen", "0.0.0.0:80"}), "--insecure"));
  CHECK(refusal({"--trusted-proxy", "127.0.0.1"}).starts_with("--trusted-proxy: "));
  CHECK(refusal({"--allow-origin", "https://chat.example.com"}).starts_with("--allow-origin: "));
  CHECK(load({"--trusted-proxy", "127.0.0.1", "--insecure"}).trusted_proxies.size() == 1);
  CHECK(contains(refusal({"--listen", "192.168.1.2:80"}), "--listen"));
  CHECK(load({"--listen", "0.0.0.0:80", "--insecure"}).listen.host == "0.0.0.0");
  CHECK(load({"--listen", "0.0.0.0:80"}, {{"HONGYAN_INSECURE", "1"}}).insecure);
  CHECK(load({"--listen", "[::1]:80"}).listen.text() == "[::1]:80");
  CHECK(load({"--listen", "localhost:80"}).listen.host == "localhost");
}

TEST_CASE("webhooks are tables of the file, with the contract's defaults", "[config]") {
  CHECK(load({}).webhooks.empty());
  const config_file file(
      "[[webhooks]]\nname = \"shop\"\nurl = \"https://shop.example.com\"\nsecret_file = \"/a\"\n"
      "[[webhooks]]\nname = \"in-side_2\"\nurl = \"http://[::1]:80/hook?key=1\"\nsecret_file = \"/b\"\n"
      "events = [\"message.created\", \"group.changed\"]\nconcurrency = 64\nkeep_days = 365\n"
      "allow_private = true\n[log]\nlevel = \"debug\"\n");
  const auto c = load({"--config", file.path});
  CHECK(c.log_level == "debug");
  REQUIRE(c.webhooks.size() == 2);
  const auto& first = c.webhooks[0];
  CHECK(first.name == "shop");
  CHECK(first.url == "https://shop.example.com");
  CHECK(first.secret_file == "/a");
  CHECK(first.events.empty());
  CHECK(first.concurrency == 8);
  CHECK(first.keep_days == std::chrono::days(7));
  CHECK_FALSE(first.allow_private);
  const auto& second = c.webhooks[1];
  CHECK(second.name == "in-side_2");
  CHECK(second.url == "http://[::1]:80/hook?key=1");
  CHECK(second.events == std::vector<std::string>{"message.created", "group.changed"});
  CHECK(second.concurrency == 64);
  CHECK(second.keep_days == std::chrono::days(365));
  CHECK(second.allow_private);
}

TEST_CASE("a webhook's URL is one of the Internet's, unless it may be inside", "[config]") {
  const auto file_with = [](const std::string& url, const char* more) {
    return "[[webhooks]]\nname = \"a\"\nsecret_file = \"/a\"\nurl = \"" + url + "\"\n" + more;
  };
  for (const char* url :
       {"https://h", "https://H.example:1/", "https://h:65535?q", "https://a_b-c.example/p/%20?x=:@&y",
        "https://8.8.8.8", "https://[2606:4700::1111]:443/"}) {
    const config_file file(file_with(url, ""));
    CHECK(load({"--config", file.path}).webhooks.front().url == url);
  }
  for (const char* url :
       {"http://h", "https://localhost", "https://LOCALHOST:1/", "https://127.0.0.1", "https://10.1.2.3/x",
        "https://169.254.169.254", "https://[::1]", "https://[fd00::1]:8443/", "http://[::ffff:10.0.0.1]"}) {
    const config_file closed(file_with(url, "")), open(file_with(url, "allow_private = true\n"));
    const auto refused = refusal({"--config", closed.path});
    CHECK(refused.starts_with("webhooks.url in " + closed.path + " line 1: "));
    CHECK(contains(refused, "allow_private = true"));
    CHECK(load({"--config", open.path}).webhooks.front().url == url);
  }
  for (const char* url : {"",
                          "h",
                          "https://",
                          "https:///p",
                          "https://:443",
                          "https://h:",
                          "https://h:0",
                          "https://h:65536",
                          "https://h:1x",
                          "https://user@h",
                          "https://user:password@h/",
                          "https://h/#f",
                          "https://h/a b",
                          "https://h/\\u00e9",
                          "https://h\\\\x",
                          "https://[::1",
                          "https://[1.2.3.4]",
                          "https://[fe80::1%25eth0]",
                          "https://::1",
                          "HTTPS://h",
                          "ftp://h",
                          "https://a,b",
                          "https://h/\\n"}) {
    const config_file file(file_with(url, "allow_private = true\n"));
    const auto refused = refusal({"--config", file.path});
    CHECK(refused.starts_with("webhooks.url in "));
    CHECK(contains(refused, "accepted: https://HOST"));
    CHECK_FALSE(contains(refused, "password"));
  }
}

TEST_CASE("a bad webhook is refused with the line that it stands in", "[config]") {
  const std::string name = "name = \"a\"\n", url = "url = \"https://h\"\n", secret = "secret_file = \"/a\"\n";
  struct row {
    std::string text;
    const char *says, *accepted;
  };
  for (const auto& [text, says, accepted] : std::initializer_list<row>{
           {url + secret, "webhooks.name", "name, url and secret_file together"},
           {name + secret, "webhooks.url", "name, url and secret_file together"},
           {name + url, "webhooks.secret_file", "name, url and secret_file together"},
           {"name = \"a b\"\n" + url + secret, "\"a b\" is not accepted", "1 to 64 of A-Z"},
           {"name = \"" + std::string(65, 'a') + "\"\n" + url + secret, "webhooks.name", "1 to 64"},
           {"name = \"\"\n" + url + secret, "webhooks.name", "1 to 64"},
           {"name = 5\n" + url + secret, "webhooks.name", "1 to 64"},
           {name + url + "secret_file = \"\"\n", "webhooks.secret_file", "the path of a file"},
           {name + url + "secret_file = [\"/a\"]\n", "webhooks.secret_file", "the path of a file"},
           {name + "url = 5\n" + secret, "webhooks.url", "https://HOST"},
           {name + url + secret + "nope = 1\n", "webhooks.nope",
            "name, url, secret_file, events, concurrency"},
           {name + url + secret + "events = []\n", "webhooks.events", "message.created, message.edited"},
           {name + url + secret + "events = \"message.created\"\n", "webhooks.events",
            "a list of one or more"},
           {name + url + secret + "events = [\"message.sent\"]\n", "webhooks.events",
            "message.reacted, group.changed"},
           {name + url + secret + "events = [5]\n", "webhooks.events", "a list of one or more"},
           {name + url + secret + "concurrency = 0\n", "\"0\" is not accepted", "from 1 to 64"},
           {name + url + secret + "concurrency = 65\n", "webhooks.concurrency", "from 1 to 64"},
           {name + url + secret + "concurrency = \"8\"\n", "webhooks.concurrency", "from 1 to 64"},
           {name + url + secret + "concurrency = 8.0\n", "webhooks.concurrency", "from 1 to 64"},
           {name + url + secret + "keep_days = 0\n", "webhooks.keep_days", "from 1 to 365"},
           {name + url + secret + "keep_days = 366\n", "webhooks.keep_days", "from 1 to 365"},
           {name + url + secret + "allow_private = \"true\"\n", "webhooks.allow_private", "true or false"},
           {name + url + secret + "allow_private = 1\n", "webhooks.allow_private", "true or false"}}) {
    const config_file file("# a line before it\n[[webhooks]]\n" + text);
    const auto refused = refusal({"--config", file.path});
    CHECK(contains(refused, " in " + file.path + " line 2: "));
    CHECK(contains(refused, says));
    CHECK(contains(refused, accepted));
  }

  const config_file twice("[[webhooks]]\n" + name + url + secret + "[[webhooks]]\n" + name + url + secret);
  CHECK(refusal({"--config", twice.path}) ==
        "webhooks.name in " + twice.path +
            " line 5: \"a\" is another's, too; accepted: a name of its own for each");
  for (const char* text :
       {"webhooks = 5", "webhooks = [5]", "[webhooks]\nname = \"a\"", "webhooks = \"x\""}) {
    const config_file file(text);
    CHECK(refusal({"--config", file.path}).starts_with("webhooks in "));
  }
  const config_file none("webhooks = []");
  CHECK(load({"--config", none.path}).webhooks.empty());
}

TEST_CASE("a content check needs whom to ask, and how WeChat answers", "[config]") {
  const std::map<std::string, std::string> wechat{{"HONGYAN_WECHAT_APP_ID", "wx1"},
                                                  {"HONGYAN_WECHAT_SECRET_FILE", "s"},
                                                  {"HONGYAN_AUTH_SECRET_FILE", "a"}};
  const auto with = [](std::map<std::string, std::string> some,
                       const std::map<std::string, std::string>& more) {
    some.insert(more.begin(), more.end());
    return some;
  };
  const std::map<std::string, std::string> media{{"HONGYAN_MODERATION_MEDIA", "after"}};
  const std::map<std::string, std::string> callback{{"HONGYAN_WECHAT_CALLBACK_TOKEN_FILE", "t"},
                                                    {"HONGYAN_WECHAT_AES_KEY_FILE", "k"}};
  const std::map<std::string, std::string> site{{"HONGYAN_PUBLIC_URL", "https://c"}};
  CHECK_FALSE(load({}).moderation.rules.is_on());
  CHECK(load({}).moderation.rules.denies_on_failure);
  const auto words = load({}, {{"HONGYAN_MODERATION_TEXT", "after"}, {"HONGYAN_MODERATION_WORDS_FILE", "w"}});
  CHECK(words.moderation.rules.text == content_rules::when::after);
  CHECK(words.moderation.words_file == "w");
  const auto all = load({}, with(with(with(wechat, media), callback), site));
  CHECK(all.moderation.rules.media);
  CHECK(
      load({}, with(wechat, {{"HONGYAN_MODERATION_TEXT", "before"}, {"HONGYAN_MODERATION_REVIEW", "risky"}}))
          .moderation.rules.review_is_risky);

  CHECK(refusal({}, {{"HONGYAN_MODERATION_TEXT", "before"}}).starts_with("moderation.text: there is nobody"));
  CHECK(contains(refusal({}, {{"HONGYAN_MODERATION_TEXT", "on"}}), "off, before or after"));
  CHECK(contains(refusal({}, {{"HONGYAN_MODERATION_MEDIA", "before"}}), "off or after"));
  CHECK(contains(refusal({}, {{"HONGYAN_MODERATION_REVIEW", "maybe"}}), "pass or risky"));
  CHECK(contains(refusal({}, {{"HONGYAN_MODERATION_ON_FAILURE", "maybe"}}), "allow or deny"));
  CHECK(refusal({}, media).starts_with("moderation.media: there is nobody"));
  CHECK(contains(refusal({}, with(with(wechat, media), callback)), "public_url"));
  CHECK(contains(refusal({}, with(with(wechat, media), site)), "wechat.aes_key_file"));
  CHECK(
      refusal({}, with(wechat, {{"HONGYAN_WECHAT_AES_KEY_FILE", "k"}})).starts_with("wechat.aes_key_file:"));
  CHECK(refusal({}, callback).starts_with("wechat.callback_token_file:"));
}

TEST_CASE("subscribe messages are templates that WeChat takes", "[config]") {
  const std::map<std::string, std::string> wechat{{"HONGYAN_WECHAT_APP_ID", "wx0123456789abcdef"},
                                                  {"HONGYAN_WECHAT_SECRET_FILE", "s"},
                                                  {"HONGYAN_AUTH_SECRET_FILE", "a"}};
  const auto of = [](const std::string& lines) {
    return config_file("[[wechat.subscribe]]\n" + lines + "\n");
  };
  const std::string good = "template_id = \"T-1_a\"\nfields = { thing1 = \"content\", time2 = \"time\" }\n";
  const auto plain = of(good);
  const auto one = load({"--config", plain.path}, wechat);
  REQUIRE(one.notices.size() == 1);
  CHECK(one.notices[0].id == "T-1_a");
  CHECK(one.notices[0].delay == std::chrono::seconds(10));
  CHECK(one.notices[0].fields.size() == 2);
  CHECK(one.limits.notice_templates == std::vector<std::string>{"T-1_a"});
  const auto refused = [&](const std::string& lines) {
    const auto file = of(lines);
    return refusal({"--config", file.path}, wechat);
  };
  CHECK(contains(refused(good + "delay = 3601"), "from 0 to 3600"));
  CHECK(contains(refused(good + "delay = \"10\""), "wechat.subscribe.delay"));
  CHECK(contains(refused(good + "page = \"/pages/chat\""), "without a / in front"));
  CHECK(contains(refused(good + "color = 1"), "template_id, page, fields and delay"));
  CHECK(contains(refused("fields = { thing1 = \"content\" }"), "wechat.subscribe.template_id"));
  CHECK(contains(refused("template_id = \"T\""), "wechat.subscribe.fields"));
  CHECK(contains(refused("template_id = \"T\"\nfields = { thing1 = \"text\" }"), "\"content\", \"sender\""));
  CHECK(contains(refused("template_id = \"T\"\nfields = { number1 = \"content\" }"), "thing1"));
  CHECK(contains(refused("template_id = \"T 1\"\nfields = { thing1 = \"content\" }"), "template_id"));
  CHECK(contains(refused(good + "[[wechat.subscribe]]\n" + good), "there twice"));
  CHECK(contains(refusal({"--config", plain.path}), "wechat.app_id"));
}

TEST_CASE("a collector's address is that of its receiver of spans", "[config]") {
  const auto file_of = [](const std::string& url) {
    return config_file("[trace]\notlp_url = \"" + url + "\"\n");
  };
  const auto url = [&](const std::string& said) {
    const auto file = file_of(said);
    return load({"--config", file.path}).otlp_url;
  };
  CHECK(url("http://127.0.0.1:4318") == "http://127.0.0.1:4318/v1/traces");
  CHECK(url("http://otel:4318/") == "http://otel:4318/v1/traces");
  CHECK(url("https://example.com/otlp/v1/traces?key=1") == "https://example.com/otlp/v1/traces?key=1");
  for (const char* bad : {"", "127.0.0.1:4318", "grpc://h:4317", "http://user@h", "http://h:99999"}) {
    const auto file = file_of(bad);
    const auto why = refusal({"--config", file.path});
    INFO(why);
    CHECK(contains(why, "trace.otlp_url"));
    CHECK(contains(why, "/v1/traces"));
  }
}

TEST_CASE("the sample file names every key with its default", "[config]") {
  std::ifstream sample(HONGYAN_SOURCE_DIR "/config/hongyan.toml");
  std::string uncommented;
  for (std::string line; std::getline(sample, line);)
    uncommented += (line.starts_with("#") && !line.starts_with("# ") ? line.substr(1) : line) + "\n";
  const config_file file(uncommented);
  const auto c = load({"--config", file.path, "--database", "postgresql://h/d",
                       "--insecure"}); // it names a cluster and a proxy, too
  const server_config d;
  CHECK(c.listen.text() == d.listen.text());
  CHECK(c.page == d.page);
  CHECK(c.classic_window == d.classic_window);
  CHECK(c.limits.connections == d.limits.connections);
  CHECK(c.limits.history == d.limits.history);
  CHECK(c.limits.deliveries == d.limits.deliveries);
  CHECK(c.limits.backlog == d.limits.backlog);
  CHECK(c.heartbeat == d.heartbeat);
  CHECK(c.moderation.rules.text == d.moderation.rules.text);
  CHECK(c.moderation.rules.denies_on_failure == d.moderation.rules.denies_on_failure);
  REQUIRE(c.webhooks.size() == 1);
  const webhook_settings w;
  CHECK(c.webhooks[0].events.size() == event_type_names.size()); // all, and the default is all
  CHECK(c.webhooks[0].concurrency == w.concurrency);
  CHECK(c.webhooks[0].keep_days == w.keep_days);
  CHECK(c.webhooks[0].allow_private == w.allow_private);
  for (const char* key :
       {"name", "url", "secret_file", "events", "concurrency", "keep_days", "allow_private"})
    CHECK(contains(uncommented, "\n" + std::string(key) + " = "));
}

TEST_CASE("help and version are printed, not errors", "[config]") {
  const auto help = load_config({"--help"}, variables({}));
  REQUIRE(help.has_value());
  CHECK(contains(std::get<print_and_exit>(*help).text, "--allow-origin"));
  const auto version = load_config({"--version"}, variables({}));
  REQUIRE(version.has_value());
  CHECK(std::get<print_and_exit>(*version).text.starts_with("hongyan "));
}
