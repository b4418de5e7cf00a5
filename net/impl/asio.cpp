// Asio and Beast, compiled once.
#include <boost/asio/impl/src.hpp>

// Beast 1.81 asserts that five bytes of a last chunk, "0\r\n\r\n", have come where it may be four
// (parse_chunk_header), and would end a debug build; it goes on rightly.
#define BOOST_DISABLE_ASSERTS
#include <boost/assert.hpp>

#include <boost/beast/src.hpp>
