/// multipart/form-data (RFC 7578) as bytes in, parts out: no socket, no copy of what a part holds.
#pragma once

#include "core/errors.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hongyan {

/// What stands between the parts, of a Content-Type's value. errc::malformed: it is no multipart/form-data,
/// or names no boundary of 1 to 70 characters (RFC 2046, section 5.1.1).
result<std::string> multipart_boundary(std::string_view content_type);

/// Decodes one body, fed in pieces of any size.
class multipart_decoder {
public:
  /// Of one part, which browsers fill with three lines.
  static constexpr std::size_t header_bytes_max = 4'096;
  static constexpr std::size_t parts_max = 32;

  enum class status : std::uint8_t {
    need_more, ///< the input is used up
    part,      ///< another part begins: part()
    data,      ///< data() is what it holds next; views the input, or this object, until the next call
    end,       ///< the last part was whole; what follows means nothing
    failed,    ///< it is no such body: failure(); decode no more
  };

  /// What a part says of itself.
  struct part_header {
    std::string name;
    std::optional<std::string> file_name; ///< as the client wrote it, possibly empty
  };

  explicit multipart_decoder(std::string_view boundary);

  /// Takes what it needs from the front of `input` and removes it there. Call until need_more.
  status next(std::string_view& input);

  const part_header& part() const { return part_; }
  std::string_view data() const { return data_; }
  /// errc::malformed.
  const error& failure() const { return failure_; }
  /// The last part was whole: a body that stops before is cut.
  bool is_at_end() const { return state_ == state::end; }

private:
  enum class state : std::uint8_t { preamble, body, delimiter, header, end, failed };

  status scan(std::string_view& input);
  status read_delimiter(std::string_view& input);
  status read_header(std::string_view& input);
  bool read_field(std::string_view line);
  status fail(const char* why);

  std::string delimiter_; ///< CRLF, two hyphens, the boundary
  /// Bytes of it that the input has ended with so far. Only its first is a CR, so after a mismatch they are
  /// data, and nothing in them can begin another one.
  std::size_t matched_ = 2;
  state state_ = state::preamble; ///< a body may begin with the delimiter, as if behind a CRLF
  std::string line_;
  std::size_t header_bytes_ = 0;
  std::size_t parts_ = 0;
  bool has_name_ = false;
  part_header part_;
  std::string_view data_;
  error failure_;
};

} // namespace hongyan
