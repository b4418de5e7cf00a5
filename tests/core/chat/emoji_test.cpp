#include "core/chat/emoji.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;

TEST_CASE("emoji are emoji, alone and together", "[emoji]") {
  for (const auto* text :
       {"👍", "👍🏽", "❤️", "❤", "🇨🇳", "👨‍👩‍👧‍👦", "1️⃣", "#️⃣", "😀😀",
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🪿", "©", "☎️", "㊗️", "🀄"}) {
    CAPTURE(text);
    CHECK(is_emoji(text));
  }
}

TEST_CASE("nothing else is", "[emoji]") {
  for (const auto* text : {"", "a", "好", "👍a", "a👍", " ", "1", "12", "1👍", "👍1", "\xE2\x80\x8D",
                           "\xEF\xB8\x8F", "⃣", "👍\n", "<b>", "😀😀😀😀😀😀😀😀😀"}) {
    CAPTURE(text);
    CHECK_FALSE(is_emoji(text));
  }
  CHECK(is_emoji("😀😀😀😀😀😀😀😀")); // 32 bytes
}
