#include "core/tools/ascii.hpp"
#include "core/wire/http_range.hpp"
#include "net/handlers.hpp"

#include <boost/beast/http/field.hpp>
#include <openssl/sha.h>

#include <array>

namespace hongyan {

/// Built from web/src by web/build.mjs.
namespace embedded {
extern const std::string_view web_index_html, web_chat_js, web_chat_css, web_demo_html, web_demo_js,
    web_demo_css, web_admin_html, web_admin_js, web_admin_css;
}

namespace {

namespace http = boost::beast::http;

/// A file of the web chat's: its bytes do not change while the server runs.
struct web_file {
  std::string_view type;
  std::string_view bytes;
  std::string etag;

  web_file(std::string_view of_type, std::string_view content) : type(of_type), bytes(content) {
    unsigned char hash[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), hash);
    etag = '"' + hexadecimal({reinterpret_cast<const char*>(hash), 8}) + '"';
  }
};

constexpr std::string_view html = "text/html; charset=utf-8", script = "text/javascript; charset=utf-8",
                           style = "text/css; charset=utf-8";

/// Pages run the scripts that come with them and no others, whatever finds its way into them, and speak with
/// this server only ('self' is its WebSockets too). Pictures and sounds are fetched with the token: blobs.
constexpr std::string_view policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' "
    "blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Kept by browsers, and asked for anew each time: a page and its script are of one version.
reply answer(const routed_request& request, const web_file& file) {
  reply r{.content_type = "",
          .headers = {{"ETag", file.etag},
                      {"Cache-Control", "no-cache"},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Referrer-Policy", "no-referrer"}}};
  if (file.type == html) r.headers.emplace_back("Content-Security-Policy", policy);
  if (none_match_names(view(request.http[http::field::if_none_match]), file.etag)) {
    r.status = 304;
  } else {
    r.content_type = file.type;
    r.body = file.bytes;
  }
  return r;
}

/// A page, or a file of it, when `is_on`; `key` of the configuration says so.
reply page_answer(bool is_on, const char* key, const routed_request& request, const web_file& file) {
  if (is_on) return answer(request, file);
  return problem({errc::not_found, std::string("the page is switched off here (") + key + " = false)"});
}

const web_file& chat() {
  static const web_file file{html, embedded::web_index_html};
  return file;
}

const web_file& demo() {
  static const web_file file{html, embedded::web_demo_html};
  return file;
}

} // namespace

/// Where anybody may say who they are, a visitor sees two people chat; where a login is asked for, the chat.
asio::awaitable<reply> first_page(edge& at, const routed_request& request) {
  co_return page_answer(at.server.config.page, "page", request,
                        at.server.config.asks_for_tokens ? chat() : demo());
}

asio::awaitable<reply> chat_page(edge& at, const routed_request& request) {
  co_return page_answer(at.server.config.page, "page", request, chat());
}

asio::awaitable<reply> demo_page(edge& at, const routed_request& request) {
  co_return page_answer(at.server.config.page, "page", request, demo());
}

asio::awaitable<reply> admin_page(edge& at, const routed_request& request) {
  static const web_file file{html, embedded::web_admin_html};
  co_return page_answer(at.server.config.admin_page, "admin.page", request, file);
}

asio::awaitable<reply> page_asset(edge& at, const routed_request& request) {
  struct named {
    std::string_view name;
    web_file file;
    bool is_admins = false;
  };
  static const std::array assets{named{"chat.js", {script, embedded::web_chat_js}},
                                 named{"chat.css", {style, embedded::web_chat_css}},
                                 named{"demo.js", {script, embedded::web_demo_js}},
                                 named{"demo.css", {style, embedded::web_demo_css}},
                                 named{"admin.js", {script, embedded::web_admin_js}, true},
                                 named{"admin.css", {style, embedded::web_admin_css}, true}};
  const auto& config = at.server.config;
  for (const auto& [name, file, is_admins] : assets)
    if (name == request.segments[0])
      co_return page_answer(is_admins ? config.admin_page : config.page, is_admins ? "admin.page" : "page",
                            request, file);
  co_return problem({errc::not_found, "there is no such file of the page"});
}

} // namespace hongyan
