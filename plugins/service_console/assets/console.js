// Keeps the live part of a page as the stack is, by server-sent events. Pages work without it: they
// have a link that loads them again. What is shown can be paused (WCAG 2.2.2) and keeps the focus.
(() => {
  const live = document.getElementById('live')
  const text = document.getElementById('fresh-text')
  const action = document.getElementById('fresh-action')
  if (!live || !text || !action || !window.EventSource) return

  const lostAfter = 3000 // milliseconds until a refused connection is tried again
  let source
  let paused = false
  let ended = false

  // Makes `old` equal to `now` and leaves alone what is equal already.
  function morph(old, now) {
    if (old.nodeType !== now.nodeType || old.nodeName !== now.nodeName) {
      old.replaceWith(document.importNode(now, true))
    } else if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== now.nodeValue) old.nodeValue = now.nodeValue
    } else {
      for (const { name } of [...old.attributes]) if (!now.hasAttribute(name)) old.removeAttribute(name)
      for (const { name, value } of now.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value)
      morphChildren(old, now)
    }
  }

  function morphChildren(old, now) {
    const before = [...old.childNodes]
    const after = [...now.childNodes]
    after.forEach((node, i) => before[i] ? morph(before[i], node) : old.append(document.importNode(node, true)))
    before.slice(after.length).forEach(node => node.remove())
  }

  function say(words) {
    if (text.textContent !== words) text.textContent = words
  }

  function show(event) {
    morphChildren(live, new DOMParser().parseFromString(event.data, 'text/html').body)
    say('Live: renewed every second.')
  }

  function close() {
    if (source) source.close()
    source = undefined
  }

  function open() {
    close()
    if (paused || ended || document.hidden) return
    source = new EventSource(live.dataset.live)
    source.onmessage = show
    source.addEventListener('end', event => {
      show(event)
      ended = true
      close()
      say('This has ended.')
      action.remove()
    })
    source.onerror = () => {
      if (!source || source.readyState !== EventSource.CLOSED) return
      say('The stack does not answer. Trying again.')
      setTimeout(open, lostAfter)
    }
  }

  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'console-pause'
  button.textContent = 'Pause'
  button.addEventListener('click', () => {
    paused = !paused
    button.textContent = paused ? 'Go on' : 'Pause'
    if (paused) say('Paused.')
    open()
  })
  action.replaceChildren(button)
  document.addEventListener('visibilitychange', open)
  window.addEventListener('pagehide', close)
  open()
})()
