/// Files as JSON: in a message's content, and as the answer to an upload (contract, section 6). Pure.
#pragma once

#include "core/chat/file.hpp"

#include <boost/json/object.hpp>
#include <memory>

namespace hongyan {

/// The content of a message with this file: from its row, and how long it is as the message says.
std::string file_content(const stored_file& f, std::optional<std::chrono::milliseconds> length);

/// Of POST /v1/files.
std::string upload_result(const stored_file& f);

/// The files that a message says it has, of its checked content and ext; null: none.
std::shared_ptr<attachment> read_attachment(message_kind kind, const boost::json::object* content,
                                            const boost::json::object* ext);

} // namespace hongyan
