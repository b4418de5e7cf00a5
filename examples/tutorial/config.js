// Where your Hongyan server is. This is the only place to change.
//
// - In the WeChat devtools with a server on the same computer: leave it as it is, and tick
//   详情 → 本地设置 → 不校验合法域名、web-view（业务域名）、TLS 版本以及 HTTPS 证书.
// - On a phone in 预览 / 真机调试: your computer's address in the local network, such as
//   'http://192.168.1.20:8080', with 开发调试 switched on in the mini-program's menu.
// - Released: only 'https://your.domain' is allowed (the web socket then uses wss by itself), and the domain has to be
//   entered under 开发管理 → 服务器域名, once as a request domain and once as a socket domain.
module.exports = {
  server: 'http://127.0.0.1:8080',

  // true when the server runs with `--auth token` and `wechat.app_id`: users are then who they are to WeChat.
  login: false,
}
