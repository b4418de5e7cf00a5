// What nginx's own upload costs: PUTs of 1 MiB (ngx_http_dav_module), so many at a time, for so long. Prints the CPU of its workers a MiB, in
// microseconds, and the rate on standard error.   node nginx-put.mjs DIRECTORY CONCURRENCY SECONDS
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import http from 'node:http'
import net from 'node:net'

const [directory, concurrency, seconds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
const port = await new Promise((resolve) => {
  const probe = net.createServer().listen(0, '127.0.0.1', () => { const { port } = probe.address(); probe.close(() => resolve(port)) })
})
for (const folder of ['put', 'temp']) fs.mkdirSync(`${directory}/${folder}`, { recursive: true })
fs.chmodSync(directory, 0o777)
const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${directory}/temp/${name};`).join(' ')
fs.writeFileSync(`${directory}/nginx.conf`, `daemon off; worker_processes 2; pid ${directory}/pid; error_log stderr error;${process.getuid() === 0 ? ' user root;' : ''}
events { worker_connections 1024; }
http { access_log off; client_max_body_size 2m; ${temp}
  server { listen 127.0.0.1:${port}; location /put/ { root ${directory}; dav_methods PUT; } } }
`)
const nginx = spawn('nginx', ['-p', directory, '-c', `${directory}/nginx.conf`], { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } })
while (!(await new Promise((resolve) => net.connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))))) await new Promise((resolve) => setTimeout(resolve, 20))

const workers = () => fs.readdirSync('/proc').filter((pid) => {
  try { return /^\d+$/.test(pid) && Number(fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[1]) === nginx.pid } catch { return false }
})
const hertz = 100 // of /proc's clock, everywhere on Linux
const cpu = () => workers().reduce((sum, pid) => {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return sum + (Number(fields[11]) + Number(fields[12])) / hertz
}, 0)

const body = Buffer.alloc(1 << 20, 'f')
let stored = 0
let next = 0
const until = Date.now() + seconds * 1000
const put = () => new Promise((resolve, reject) => {
  const request = http.request({ host: '127.0.0.1', port, method: 'PUT', path: `/put/${++next}`, agent: false, headers: { 'content-length': body.length } }, (answer) => {
    answer.resume().on('end', () => (answer.statusCode === 201 ? resolve(++stored) : reject(new Error(`PUT was answered ${answer.statusCode}`))))
  })
  request.on('error', reject)
  request.end(body)
})
const before = cpu()
try {
  await Promise.all(Array.from({ length: concurrency }, async () => { while (Date.now() < until) await put() }))
  console.error(`nginx: ${(stored / seconds).toFixed(1)} MiB/s`)
  console.log(((cpu() - before) / stored * 1e6).toFixed(0))
} finally {
  nginx.kill('SIGTERM')
}
