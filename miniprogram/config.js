// What a business sets. Colours, name and logo are in brand.json.
module.exports = {
  // Where the server is. In production https://…, and registered in WeChat's console as a domain for request, socket, uploadFile
  // and downloadFile.
  server: 'http://127.0.0.1:8080',
  // 'wechat': by wx.login, for a server with `--auth token` and `wechat.app_id`. 'demo': whoever comes says who they are, for one
  // with `--auth none`.
  login: 'demo',
  // Pages of these domains open inside the mini-program (business domains of WeChat's console); other links are copied.
  webDomains: [],
}
