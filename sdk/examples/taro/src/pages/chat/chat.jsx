// Two people on two phones: pages/chat/chat?me=1&peer=2 and pages/chat/chat?me=2&peer=1.
import { useEffect, useState } from 'react'
import { Input, ScrollView, Text, View } from '@tarojs/components'
import Taro, { useDidHide, useDidShow, useRouter } from '@tarojs/taro'
import { Client } from 'hongyan-client'
import { taroTransport } from 'hongyan-client/taro'
import './chat.css'

const server = 'http://127.0.0.1:8080'

export default function Chat() {
  const { me = '1', peer = '2' } = useRouter().params
  const [to] = useState({ userId: peer })
  const [client] = useState(() => new Client({ server, userId: me, transport: taroTransport(Taro) }))
  const [isShown, setShown] = useState(true)
  const [state, setState] = useState('closed')
  const [rows, setRows] = useState([])
  const [text, setText] = useState('')
  useDidShow(() => setShown(true))
  useDidHide(() => setShown(false))

  useEffect(() => {
    const draw = () => setRows([
      ...(client.conversation(to)?.messages ?? []).filter(({ kind }) => kind === 'text'), ...client.outgoing(to),
    ].map((row) => ({
      key: row.clientMsgId ?? row.id, text: row.content, who: row.from === peer ? 'theirs' : 'mine', state: row.state ?? '',
    })))
    client.on('state', (now) => setState(now.state))
    for (const event of ['conversation', 'outbox', 'synced']) client.on(event, draw)
    draw()
    client.connect().catch(() => {}) // it goes on trying
    return () => client.close()
  }, [])
  useEffect(() => { if (isShown) client.read(to) }, [isShown, rows])

  function send() {
    const content = text.trim()
    if (!content) return
    setText('')
    client.send({ to, content }).catch((error) => Taro.showToast({ title: error.message, icon: 'none' }))
  }

  return (
    <View className='chat'>
      <View className='state'>{state}</View>
      <ScrollView className='list' scrollY scrollTop={rows.length * 999}>
        {rows.map((row) => <View key={row.key} className={`row ${row.who} ${row.state}`}><Text className='bubble' userSelect>{row.text}</Text></View>)}
      </ScrollView>
      <View className='bar'>
        <Input className='text' value={text} confirmType='send' confirmHold maxlength={-1} onInput={({ detail }) => setText(detail.value)} onConfirm={send} />
        <View className='send' onClick={send}>发送</View>
      </View>
    </View>
  )
}
