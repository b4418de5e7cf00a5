#include "bench/dialect.hpp"

#include "bench/classic_dialect.hpp"
#include "bench/names.hpp"
#include "bench/v1_dialect.hpp"

#include <algorithm>

namespace hongyan::bench {

dialect::dialect(runtime& where, const options& asked, listener& told)
    : where_(where)
    , asked_(asked)
    , told_(told)
    , contents_(run_tag())
    , users_(where, asked.servers, asked.speaks, first_user(), *this) {}

void dialect::received(socket_client& client, const std::string& frame) {
  frame_bytes_ += frame.size();
  read(client.index(), frame);
}

std::uint64_t dialect::show(std::uint32_t user, std::string_view content) {
  const auto number = contents_.number_of(content).value_or(0);
  if (number == 0) {
    ++unrelated_;
  } else {
    told_.seen(user, number);
  }
  return number;
}

void dialect::tell(report& r, bool missing) {
  const auto frames = static_cast<double>(users_.frames_received());
  r.figures.push_back({"frames", "frames received", frames});
  r.figures.push_back({"meanFrameBytes", "bytes of a frame, on average",
                       static_cast<double>(frame_bytes_) / std::max(frames, 1.0), "B"});
  r.figures.push_back({"receivedMiB", "received over WebSockets",
                       static_cast<double>(users_.bytes_received()) / (1 << 20), "MiB", 1});
  if (unrelated_ > 0)
    r.notes.push_back(std::to_string(unrelated_) + " messages that this run did not send were seen");
  tell_more(r, missing);
}

std::unique_ptr<dialect> make_dialect(runtime& where, const options& asked, dialect::listener& told) {
  if (asked.speaks == protocol::v1) return std::make_unique<v1_dialect>(where, asked, told);
  return std::make_unique<classic_dialect>(where, asked, told);
}

} // namespace hongyan::bench
