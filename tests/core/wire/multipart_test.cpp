#include "core/wire/multipart.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace hongyan;

namespace {

using status = multipart_decoder::status;

struct seen {
  std::string name;
  std::optional<std::string> file_name;
  std::string content;
  bool operator==(const seen&) const = default;
};

struct outcome {
  std::vector<seen> parts{};
  bool whole = false;
  std::string failure{};
  bool operator==(const outcome&) const = default;
};

/// All of a body, in pieces of `piece` bytes.
outcome decode(std::string_view body, std::size_t piece = std::string_view::npos,
               std::string_view boundary = "X") {
  multipart_decoder decoder(boundary);
  outcome out;
  while (!body.empty() && out.failure.empty()) {
    auto input = body.substr(0, piece);
    body.remove_prefix(input.size());
    for (;;) {
      const auto now = decoder.next(input);
      if (now == status::need_more) break;
      if (now == status::part) out.parts.push_back({decoder.part().name, decoder.part().file_name, {}});
      if (now == status::data) out.parts.back().content += decoder.data();
      if (now == status::failed) {
        out.failure = decoder.failure().detail;
        break;
      }
    }
  }
  out.whole = decoder.is_at_end();
  return out;
}

std::string part(std::string_view disposition, std::string_view content) {
  return "--X\r\nContent-Disposition: form-data; " + std::string(disposition) + "\r\n\r\n" +
         std::string(content) + "\r\n";
}

} // namespace

TEST_CASE("a multipart body is read as its parts, however it is cut", "[multipart]") {
  std::string tricky = "\r\n--\r\n-\r\r\n--Y\r\n--x--";
  for (int c = 0; c < 256; ++c) tricky += static_cast<char>(c);
  const auto body = part("name=seconds", "2.5") +
                    "--X\r\ncontent-type: image/png\r\nCONTENT-disposition:form-data;name=\"file\" ; "
                    "filename=\"a \\\"b\\\\.png\"\r\nX-Other: 1\r\n\r\n" +
                    tricky + "\r\n" + part("name=\"empty\"; filename=\"\"", "") + "--X--\r\nepilogue --X\r\n";
  const outcome expected{
      .parts = {{"seconds", std::nullopt, "2.5"}, {"file", "a \"b\\.png", tricky}, {"empty", "", ""}},
      .whole = true};
  for (const std::size_t piece : {std::string_view::npos, std::size_t{1}, std::size_t{2}, std::size_t{3},
                                  std::size_t{7}, std::size_t{64}})
    CHECK(decode(body, piece) == expected);
  CHECK(decode("a preamble\r\n--\r\n" + body, 5) == expected);
  CHECK(decode("--X \t\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n--X--").parts ==
        std::vector<seen>{{"a", std::nullopt, "b"}});
}

TEST_CASE("a multipart body that is cut is not whole", "[multipart]") {
  const auto body = part("name=a", "b") + "--X--";
  for (std::size_t bytes = 0; bytes < body.size(); ++bytes) CHECK_FALSE(decode(body.substr(0, bytes)).whole);
  CHECK(decode(body).whole);
}

TEST_CASE("a file's name is read in each way that clients write it", "[multipart]") {
  const auto name_of = [](std::string_view written) {
    const auto out = decode(part("name=\"file\"; " + std::string(written), "") + "--X--");
    CAPTURE(written, out.failure);
    REQUIRE(out.parts.size() == 1);
    return out.parts[0].file_name;
  };
  CHECK(name_of("filename=a.png") == "a.png");
  CHECK(name_of("filename=\"报告.pdf\"") == "报告.pdf");
  CHECK(name_of("filename=\"a%22b%0D%0A%41.png\"") == "a\"b\r\n%41.png"); // browsers
  CHECK(name_of("filename=\"C:\\pictures\\a.png\"") == "C:\\pictures\\a.png");
  CHECK(name_of("filename*=UTF-8''%E6%8A%A5.pdf") == "报.pdf");
  CHECK(name_of("filename=\"_.pdf\"; filename*=utf-8'zh'%e6%8a%a5.pdf;") == "报.pdf");
  CHECK(name_of("filename=\"_.pdf\"; filename*=latin1''%E6.pdf") == "_.pdf");
  CHECK(name_of("filename=\"a;b=c\"") == "a;b=c");
  CHECK(name_of("other=1") == std::nullopt);
}

TEST_CASE("what is no multipart body is refused with why", "[multipart]") {
  const auto why = [](const std::string& body) { return decode(body, 3).failure; };
  CHECK(why("--X\r\n\r\ncontent") == "a part has no Content-Disposition: form-data with a name");
  CHECK(why("--X\r\nContent-Disposition: form-data\r\n\r\n") ==
        "a part's Content-Disposition cannot be read");
  CHECK(why("--X\r\nContent-Disposition: attachment; name=a\r\n") ==
        "a part's Content-Disposition cannot be read");
  CHECK(why("--X\r\nContent-Disposition: form-data; name=\"a\r\n") ==
        "a part's Content-Disposition cannot be read");
  CHECK(why("--X\r\nContent-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b\r\n") ==
        "a part's Content-Disposition cannot be read");
  CHECK(why("--X\r\nContent-Disposition: form-data; name=a\n\n") ==
        "a line of a part's header does not end with CR LF");
  CHECK(why("--X\r\nA: " + std::string(5000, 'x')) == "a part's header is over 4096 bytes");
  CHECK(why(part("name=a", "b") + "--Xyz\r\n") ==
        "the multipart body has a boundary that is followed by something else");
  CHECK(why("--X" + std::string(100, ' ')) ==
        "the multipart body has a boundary that is followed by something else");
  std::string many;
  for (int i = 0; i < 33; ++i) many += part("name=a", "b");
  CHECK(why(many) == "the multipart body has more than 32 parts");
}

TEST_CASE("the boundary is what the Content-Type names", "[multipart]") {
  CHECK(*multipart_boundary("multipart/form-data; boundary=----WebKitFormBoundaryAb1") ==
        "----WebKitFormBoundaryAb1");
  CHECK(*multipart_boundary("Multipart/Form-Data;charset=utf-8; BOUNDARY=\"a b\"") == "a b");
  for (const auto& bad : {"", "application/json", "multipart/mixed; boundary=a", "multipart/form-data",
                          "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a\r\nb\"",
                          "multipart/form-data; boundary=\"a ", "multipart/form-data boundary=a"}) {
    CAPTURE(bad);
    CHECK(multipart_boundary(bad).error().code == errc::malformed);
  }
  CHECK(multipart_boundary("multipart/form-data; boundary=" + std::string(71, 'a')).has_error());
}
