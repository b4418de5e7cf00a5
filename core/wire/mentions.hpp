/// `ext.mentions`: whom a message calls (contract, section 7). Pure.
#pragma once

#include "core/chat/message.hpp"

#include <boost/json/object.hpp>
#include <memory>

namespace hongyan {

/// Of a message's ext, without its sender; null: nobody. What is neither "all" nor a list with ids in it
/// means nothing, and so do those beyond mentions_max.
std::shared_ptr<const mentions> read_mentions(const boost::json::object* ext, const user_id& sender);

} // namespace hongyan
