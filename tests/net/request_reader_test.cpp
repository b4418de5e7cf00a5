#include "net/request_reader.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using status = request_reader::status;

namespace {

const limits bounds{.header_bytes = 200, .body_bytes = 100};

/// A reader, and what came and was not used yet.
struct reading {
  request_reader reader{bounds};
  boost::beast::flat_buffer buffer;

  status take(std::string_view bytes) {
    buffer.commit(boost::asio::buffer_copy(buffer.prepare(bytes.size()),
                                           boost::asio::buffer(bytes.data(), bytes.size())));
    return reader.take(buffer);
  }
  /// The same until it says something else than that the header is good.
  status take_all(std::string_view bytes) {
    const auto now = take(bytes);
    if (now != status::header) return now;
    too_large = reader.limit_body(bounds.body_bytes);
    return too_large ? status::failed : reader.take(buffer);
  }
  const error& failure() const { return too_large ? *too_large : reader.failure(); }
  std::string_view body() const { return reader.request().body(); }
  std::optional<error> too_large{};
};

errc refused(std::string_view bytes) {
  reading r;
  REQUIRE(r.take_all(bytes) == status::failed);
  return r.failure().code;
}

const std::string chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

} // namespace

TEST_CASE("a request is taken off the buffer, and what follows stays", "[request_reader]") {
  reading r;
  CHECK(r.take("POST /push HTTP/1.1\r\nHost: a\r\nContent-Le") == status::need_more);
  CHECK_FALSE(r.reader.has_header());
  CHECK(r.take("ngth: 2\r\nExpect: 100-continue\r\n\r\n") == status::header);
  CHECK(r.reader.has_header());
  CHECK(r.reader.wants_continue());
  CHECK(r.take("") == status::need_more);
  CHECK(r.take("{}GET /") == status::done);
  CHECK(r.body() == "{}");
  CHECK(r.buffer.size() == 5);
}

TEST_CASE("a request without a body is done with its header", "[request_reader]") {
  CHECK(reading().take("GET / HTTP/1.1\r\nHost: a\r\n\r\n") == status::done);
  CHECK(reading().take("GET / HTTP/1.0\r\n\r\n") == status::done);
  CHECK(refused("GET / HTTP/1.1\r\n\r\n") == errc::malformed);
}

TEST_CASE("a body with indented lines is no folded header, wherever the header is cut", "[request_reader]") {
  const std::string request = "POST /push HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{\n \"a\":\n\t1";
  for (std::size_t cut = 1; cut < request.size(); ++cut) {
    CAPTURE(cut);
    reading r;
    const auto first = r.take_all(request.substr(0, cut));
    CHECK(first == status::need_more);
    CHECK(r.take_all(request.substr(cut)) == status::done);
    CHECK(r.body() == "{\n \"a\":\n\t1");
  }
}

TEST_CASE("a folded header is refused, wherever it is cut", "[request_reader]") {
  for (const std::string request :
       {"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tc\r\n\r\n",
        "GET / HTTP/1.1\r\n Host: a\r\n\r\n"})
    for (std::size_t cut = 1; cut < request.size(); ++cut) {
      CAPTURE(request, cut);
      reading r;
      if (r.take(request.substr(0, cut)) == status::need_more) r.take(request.substr(cut));
      CHECK(r.failure().code == errc::malformed);
    }
}

TEST_CASE("a body without chunks may come byte by byte", "[request_reader]") {
  reading r;
  auto now = status::need_more;
  for (const char byte : chunked + "0\r\n\r\n") {
    CHECK(now != status::done);
    now = r.take_all({&byte, 1});
  }
  CHECK(now == status::done);
  CHECK(r.body().empty());
}

TEST_CASE("a trailer is thrown away: it says nothing about the request", "[request_reader]") {
  reading r;
  CHECK(r.take_all(chunked + "2\r\n{}\r\n0\r\nOrigin: http://a\r\nHost: b\r\nConnection: close\r\n\r\n") ==
        status::done);
  CHECK(r.body() == "{}");
  CHECK(r.reader.request().count("Origin") == 0);
  CHECK(r.reader.request().count("Host") == 1);
  CHECK(r.reader.request().keep_alive());
}

TEST_CASE("a header, a chunk's header and a trailer have one limit, whole or in pieces", "[request_reader]") {
  const std::string many(bounds.header_bytes, 'x');
  for (const auto& bytes : {"GET / HTTP/1.1\r\nHost: a\r\nX: " + many + "\r\n\r\n", "GET /" + many,
                            "GET /" + many.substr(100) + " HTTP/1.1\r\nHost: a\r\nX: " + many.substr(100),
                            chunked + "2;a=" + many + "\r\n{}\r\n0\r\n\r\n", chunked + "2;a=" + many,
                            chunked + "0\r\nX: " + many + "\r\n\r\n", chunked + "0\r\nX: " + many}) {
    CAPTURE(bytes);
    CHECK(refused(bytes) == errc::header_too_large);
    reading r;
    auto now = status::need_more;
    for (std::size_t i = 0; i < bytes.size() && now != status::failed; ++i)
      now = r.take_all(bytes.substr(i, 1));
    CHECK(now == status::failed);
    CHECK(r.failure().code == errc::header_too_large);
  }
}

TEST_CASE("a body has its limit, said or not", "[request_reader]") {
  CHECK(refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n") == errc::too_large);
  CHECK(refused(chunked + "65\r\n") == errc::too_large);
  reading r;
  CHECK(r.take_all("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n" + std::string(100, 'x')) ==
        status::done);
}

TEST_CASE("a body may be given a smaller limit by what its header says", "[request_reader]") {
  reading r;
  CHECK(r.take("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n") == status::header);
  CHECK(r.reader.body_length() == 50);
  CHECK_FALSE(r.reader.is_done());
  CHECK(r.reader.limit_body(49).value().code == errc::too_large);
  CHECK_FALSE(r.reader.limit_body(50));
  CHECK(r.take(std::string(50, 'x')) == status::done);
  CHECK(r.reader.is_done());

  reading in_chunks;
  CHECK(in_chunks.take(chunked) == status::header);
  CHECK_FALSE(in_chunks.reader.body_length());
  CHECK_FALSE(in_chunks.reader.limit_body(3));
  CHECK(in_chunks.take("2\r\nxx\r\n") == status::need_more);
  CHECK(in_chunks.take("2\r\nxx\r\n") == status::failed);
  CHECK(in_chunks.reader.failure().code == errc::too_large);
  CHECK(in_chunks.body().size() == 2);

  reading none;
  CHECK(none.take("GET / HTTP/1.1\r\nHost: a\r\n\r\n") == status::done);
  CHECK(none.reader.body_length() == 0);
}
