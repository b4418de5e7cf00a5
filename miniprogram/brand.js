// Written by design/build.mjs from brand.json: change that.
module.exports = {
  "name": {
    "zh": "鸿雁",
    "en": "Hongyan"
  },
  "logo": "/icons/logo.png",
  "welcome": {
    "zh": "有事直接聊",
    "en": "Chat with us"
  }
}
