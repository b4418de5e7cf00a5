// -- v1: what a bubble holds
addTo(V1Phone, class extends Phone {

  /** The words of a message, or its picture, voice, film or file. */
  body(message) {
    const { kind, content } = message
    if (!fileOf(message)) return element('span', 'text', this.wordsOf(message))
    return { image: () => this.picture(content), voice: () => this.voice(content), video: () => this.film(content), file: () => this.paper(content) }[kind]()
  }

  dress(bubble, message) {
    const reply = replyOf(message)
    bubble.classList.toggle('media', Boolean($('.picture', bubble)))
    if (reply === undefined) return
    const quote = push('quote', '', this.quoteWords(reply))
    quote.title = say('jump')
    quote.onclick = () => this.jump(reply)
    bubble.prepend(quote)
  }

  /** Its room is there before its bytes, so that nothing jumps; those come when it is near. */
  picture(content) {
    const box = this.box('picture', say('open'), content, 200, 240, 4 / 3), image = box.appendChild(element('img')), told = box.appendChild(element('span', 'told'))
    image.alt = ''
    told.hidden = true
    const fail = yes => {
      told.hidden = !yes
      told.textContent = yes ? say('broken') : ''
      box.setAttribute('aria-label', say(yes ? 'broken' : 'open'))
    }
    image.onerror = () => fail(true)
    image.onload = () => {  // a camera may have noted that it was held upright: then its sides are changed about
      fail(false)
      if (image.naturalWidth > image.naturalHeight !== content.width > content.height) box.classList.add('whole')
    }
    box.load = async () => { try { image.src = await this.mediaOf(content) } catch { fail(true) } }
    box.onclick = () => {
      if (!told.hidden) { this.forgetMedia(MEDIA_KEPT, content.fileId); box.load() }
      else if (image.naturalWidth) this.mediaOf(content).then(view, () => fail(true))
    }
    this.near.observe(box)
    return box
  }

  /** A button of the shape of a picture, or of `shape` where that is not known. */
  box(className, label, { width, height }, widest, highest, shape) {
    const box = push(className, label), known = width > 0 && height > 0, scale = known ? Math.min(widest / width, highest / height, 1) : 1
    const [w, h] = known ? [Math.max(60, width * scale), Math.max(60, height * scale)] : [widest, widest / shape]
    if (!known) box.classList.add('whole')
    box.style.width = `${Math.round(w)}px`
    box.style.aspectRatio = `${Math.round(w)} / ${Math.round(h)}`
    return box
  }

  /** Plays `media` alone. */
  async sound(media) {
    if (sounding !== media) sounding?.pause()
    sounding = media
    try { await media.play() } catch (error) { if (error.name !== 'AbortError') throw error }
  }

  voice(content) {
    const { seconds } = content, button = push('voice', say('playVoice', Math.round(seconds))), waves = element('span', 'waves'), length = element('span', 'length')
    let audio
    const draw = () => {
      const plays = audio && !audio.paused && !audio.ended, total = audio?.duration || seconds
      const left = plays && isFinite(total) ? total - audio.currentTime : seconds
      button.firstChild.replaceWith(icon(plays ? 'pause' : 'play', 20))
      button.setAttribute('aria-label', plays ? say('pauseVoice') : say('playVoice', Math.round(seconds)))
      length.textContent = left > 0 ? `${Math.ceil(left - .2) || 1}″` : ''
      waves.style.setProperty('--played', plays ? `${audio.currentTime / total * 100}%` : '100%')
    }
    button.append(icon('play', 20), waves, length)
    button.style.width = `${Math.min(210, 96 + 2.75 * (seconds || 0))}px`
    button.onclick = async () => {
      try {
        if (!audio) {
          const made = new Audio(await this.mediaOf(content))
          if (audio) return
          audio = made
          audio.onplay = audio.onpause = audio.onended = audio.ontimeupdate = draw
          button.after(audio)
        }
        if (audio.paused) await this.sound(audio); else audio.pause()
      } catch (error) { this.notPlayed(error) }
    }
    draw()
    return button
  }

  film(content) {
    const { seconds } = content, box = this.box('picture film', say('playVideo', Math.round(seconds)), content, 220, 240, 16 / 9)
    box.append(element('span', 'disc'), element('span', 'length', seconds > 0 ? `${Math.floor(seconds / 60)}:${String(Math.round(seconds) % 60).padStart(2, '0')}` : ''))
    box.firstChild.append(icon('play', 24))
    box.onclick = async () => {
      if (box.classList.contains('loading')) return
      box.classList.add('loading')
      const video = element('video')
      Object.assign(video, { controls: true, playsInline: true })
      video.style.width = box.style.width
      video.style.aspectRatio = box.style.aspectRatio
      video.onplay = () => { if (sounding !== video) sounding?.pause(); sounding = video }
      try {
        video.src = await this.mediaOf(content)
        box.replaceWith(video)
        await this.sound(video)
      } catch (error) { video.replaceWith(box); this.notPlayed(error) }
      box.classList.remove('loading')
    }
    return box
  }

  notPlayed(error) { this.notice(error.name === 'NotSupportedError' ? say('notPlayable') : `${say('refused')}: ${error.message}`) }

  paper(content) {
    const { name, size } = content, button = push('file', `${say('download')}: ${name ?? say('file')}`, icon('paper', 30)), words = button.appendChild(element('span', '', cutMiddle(name || say('file'), 40)))
    if (size > 0) words.append(element('span', 'size', sizeText(size)))
    button.onclick = () => this.save(content.fileId, name)
    return button
  }

  /** By a link, which the browser loads by itself, to where it keeps what is saved. */
  async save(fileId, name = '') {
    try {
      const link = element('a')
      Object.assign(link, { href: (await (await this.file(fileId, '/url')).json()).url, download: name ?? '', target: '_blank', rel: 'noopener' })
      link.click()
    } catch (error) { this.notice(`${say('refused')}: ${error.message}`) }
  }

  /** An address within this page of a file's bytes. */
  mediaOf({ fileId }) {
    const load = async () => URL.createObjectURL(await (await this.file(fileId, '', { cache: 'default' })).blob())
    return this.media.get(fileId) ?? this.keepMedia(fileId, load())
  }

  file(fileId, what, options) { return this.request(`/v1/files/${encodeURIComponent(fileId)}${what}?userId=${encodeURIComponent(this.me.id)}`, options) }

  keepMedia(fileId, address) {
    this.media.set(fileId, address)
    address.catch(() => this.media.delete(fileId))
    this.forgetMedia(MEDIA_KEPT)
    return address
  }

  /** A file that was chosen has the server's id now, and need not be fetched. */
  rename(content, fileId) {
    const address = this.media.get(content.fileId)
    this.media.delete(content.fileId)
    content.fileId = fileId
    if (address) this.keepMedia(fileId, address)
  }

  /** The oldest ones go, so that no more than `kept` stay; and `one`, whose bytes are no picture. */
  forgetMedia(kept, one) {
    for (const [fileId, address] of [...this.media].filter(([fileId], i, all) => fileId === one || i < all.length - kept)) {
      this.media.delete(fileId)
      address.then(URL.revokeObjectURL, () => {})
    }
  }
})
