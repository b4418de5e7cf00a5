// The emoji panel's grid, in its order. Plain Unicode: every phone draws them by itself.
module.exports = Array.from(
  '😀😃😄😁😆😅🤣😂🙂😉😊😇😍🤩😘😋😛😜🤪🤗🤭🤫🤔😐😑😏😒🙄😬😌😔😪😴😷🤒🤢🤧😵🤯🥳😎🤓😕😟😮😳🥺😨😰😢😭😱😖😣😩😤😡😈💀💩👻🤖' +
  '👋👌👍👎👊👏🙌🤝🙏💪🌹🌸🍀🎉🎁🎂🍻☕🍉🌙🌞⭐🔥💯💔💕🐶🐱🐷'
).concat('❤️')
