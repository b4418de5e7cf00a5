// The app keeps nothing of its own: who you are is remembered by pages/index, messages by pages/chat.
App({})
