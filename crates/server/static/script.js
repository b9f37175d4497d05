'use strict';

// Makes pages alive: progress of uploads and tasks, times in the reader's zone, buttons that copy. Everything works without it.
(() => {
  const root = document.body.dataset.root;
  const number = new Intl.NumberFormat('en');

  function notice(text, link, address) {
    const element = document.getElementById('notice');
    element.textContent = text;
    if (link) {
      const anchor = document.createElement('a');
      anchor.href = address;
      anchor.textContent = link;
      element.append(' ', anchor);
    }
    element.hidden = !text;
  }

  // Times in the reader's zone; the title keeps the exact one.
  function localTimes(within) {
    const format = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
    for (const time of within.querySelectorAll('time[datetime]')) {
      time.title = time.dateTime;
      time.textContent = format.format(new Date(time.dateTime));
    }
  }

  function copyButtons(within) {
    if (!navigator.clipboard) return;
    for (const line of within.querySelectorAll('[data-copy]')) {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'small quiet';
      button.textContent = 'Copy';
      button.setAttribute('aria-label', 'Copy ' + line.textContent);
      button.addEventListener('click', async () => {
        await navigator.clipboard.writeText(line.textContent);
        button.textContent = 'Copied';
      });
      line.after(' ', button);
    }
  }

  document.addEventListener('submit', event => {
    const question = event.target.dataset.confirm;
    if (question && !confirm(question)) event.preventDefault();
  });

  // Uploads. XMLHttpRequest, because fetch says nothing of the progress of a body.
  function upload(form, submitter) {
    const [bar, text] = form.querySelector('.upload').children;
    const error = form.querySelector('.error');
    const buttons = form.querySelectorAll('button');
    const request = new XMLHttpRequest();
    const started = performance.now();
    const setBusy = busy => {
      buttons.forEach(button => { button.disabled = busy; });
      form.querySelector('.upload').hidden = !busy;
    };
    const fail = message => {
      setBusy(false);
      error.textContent = message;
      error.hidden = false;
    };
    request.upload.addEventListener('progress', event => {
      const seconds = (performance.now() - started) / 1000;
      const left = event.loaded > 0 ? seconds * (event.total - event.loaded) / event.loaded : 0;
      bar.value = 100 * event.loaded / event.total;
      text.textContent = megabytes(event.loaded) + ' of ' + megabytes(event.total) + ' sent'
        + (left > 1 ? ', about ' + seconds_(left) + ' left' : '');
    });
    request.upload.addEventListener('load', () => {
      bar.removeAttribute('value');
      text.textContent = 'Sent. The server takes it in …';
    });
    request.addEventListener('load', () => {
      const answer = json(request.responseText);
      if (request.status === 200 && answer && answer.location) location.assign(answer.location);
      else if (request.status === 401) fail('Your session is over. Sign in in another window, then try again.');
      else fail(answer && answer.response ? answer.response.error : 'The server has answered with status ' + request.status + '.');
    });
    request.addEventListener('error', () => fail('The connection was lost; nothing has been imported. Please try again.'));
    const data = new FormData(form, submitter);
    error.hidden = true;
    bar.value = 0;
    text.textContent = '';
    setBusy(true);
    request.open('POST', form.action);
    request.setRequestHeader('Accept', 'application/json');
    request.send(data);
  }

  const megabytes = bytes => number.format(Math.round(bytes / 1e5) / 10) + ' MB';
  const seconds_ = left => left < 90 ? Math.round(left) + ' s' : Math.round(left / 60) + ' min';

  function json(text) {
    try { return JSON.parse(text); } catch { return null; }
  }

  for (const form of document.querySelectorAll('form[data-upload]')) {
    form.addEventListener('submit', event => {
      event.preventDefault();
      upload(form, event.submitter);
    });
    const drop = form.querySelector('.drop');
    const file = form.querySelector('input[type=file]');
    const kind = form.querySelector('select[name=kind]');
    file.addEventListener('change', () => {
      if (file.files.length) kind.value = /\.gpkg$/i.test(file.files[0].name) ? 'gpkg' : 'osm';
    });
    for (const name of ['dragover', 'dragleave', 'drop']) {
      drop.addEventListener(name, event => {
        event.preventDefault();
        drop.classList.toggle('over', name === 'dragover');
        if (name === 'drop' && event.dataTransfer.files.length) {
          file.files = event.dataTransfer.files;
          file.dispatchEvent(new Event('change'));
        }
      });
    }
  }

  // What changes by itself: one stream of events for a visible page, and the part of the page anew when something has happened.
  const live = document.querySelector('[data-live]');
  let source = null;
  let last = '';
  let timer = 0;
  let wait = 1000;

  // Not while somebody selects in it, or has opened or entered something: it would be lost.
  function isInUse() {
    const selection = getSelection();
    const isSelected = selection && !selection.isCollapsed && live.contains(selection.anchorNode);
    const active = document.activeElement;
    return isSelected || live.querySelector('details[open]') || (active && active.matches('input') && live.contains(active));
  }

  async function refresh() {
    timer = 0;
    if (document.hidden) return;
    if (isInUse()) return later(1000);
    const response = await fetch(root + live.dataset.live, { headers: { Accept: 'text/html' } }).catch(() => null);
    if (!response || response.status === 503) return later(5000);
    if (response.status === 401) return askToSignIn();
    if (response.status === 404) return notice('This task is not kept any more.', 'All tasks', root + '/tasks');
    if (!response.ok) return;
    const text = await response.text();
    if (text === last || isInUse()) return;
    last = text;
    const focused = focusedForm();
    live.innerHTML = text;
    localTimes(live);
    if (focused) focusAgain(focused);
  }

  // A button keeps the focus, so that the keyboard does not start at the top of the page.
  function focusedForm() {
    const active = document.activeElement;
    return active && live.contains(active) ? { label: active.getAttribute('aria-label'), href: active.getAttribute('href') } : null;
  }

  function focusAgain({ label, href }) {
    const same = [...live.querySelectorAll('a, button')].find(element =>
      label ? element.getAttribute('aria-label') === label : href && element.getAttribute('href') === href);
    if (same) same.focus({ preventScroll: true });
  }

  function later(milliseconds) {
    if (!timer) timer = setTimeout(refresh, milliseconds);
  }

  function askToSignIn() {
    disconnect();
    const next = encodeURIComponent(location.pathname.slice(root.length) + location.search);
    notice('Your session is over.', 'Sign in', root + '/-/sign-in?next=' + next);
  }

  const rates = new Map();

  // The bar moves with each event; words and buttons change with the status.
  function progress(task) {
    const element = live.querySelector('[data-progress="' + task.id + '"]');
    if (!element || task.status !== 'RUNNING' || !task.progress) return false;
    const { task: step, done, total, unit } = task.progress;
    if (element.querySelector('.step').textContent !== step || done === undefined) return false;
    const bar = element.querySelector('progress');
    let text = number.format(done) + ' ' + unit;
    if (total !== undefined) {
      bar.max = total;
      bar.value = done;
      text = number.format(done) + ' of ' + number.format(total) + ' ' + unit + timeLeft(task.id, step, done, total);
    }
    element.querySelector('.amount').textContent = text;
    return true;
  }

  // By what was done since the step began to be watched.
  function timeLeft(id, step, done, total) {
    const now = performance.now();
    let rate = rates.get(id);
    if (!rate || rate.step !== step) rates.set(id, rate = { step, done, now });
    const speed = (done - rate.done) / (now - rate.now);
    const left = speed > 0 ? (total - done) / speed / 1000 : 0;
    return now - rate.now > 3000 && left > 2 ? ', about ' + seconds_(left) + ' left' : '';
  }

  function connect() {
    if (source || document.hidden || !live || !live.dataset.events) return;
    source = new EventSource(root + live.dataset.events + '?verbose=true');
    source.addEventListener('open', () => { wait = 1000; notice(''); });
    source.addEventListener('task', event => {
      const { task } = JSON.parse(event.data);
      if (!progress(task)) later(250);
    });
    source.addEventListener('gone', () => later(250));
    source.addEventListener('reset', () => later(250));
    source.addEventListener('error', () => {
      // While it connects again by itself, nothing is to be done.
      if (!source || source.readyState !== EventSource.CLOSED) return;
      disconnect();
      reconnect();
    });
  }

  // Why the browser has given up is only known by asking.
  async function reconnect() {
    const state = live.querySelector('[data-status]');
    if (state && !['waiting', 'running'].includes(state.dataset.status)) return;
    const response = await fetch(root + live.dataset.live, { headers: { Accept: 'text/html' } }).catch(() => null);
    if (response && response.status === 401) return askToSignIn();
    if (response && response.ok) later(0);
    if (!response || response.status === 503) notice('The server does not answer; trying again.');
    setTimeout(connect, wait);
    wait = Math.min(wait * 2, 30000);
  }

  function disconnect() {
    if (source) source.close();
    source = null;
  }

  document.addEventListener('visibilitychange', () => {
    if (document.hidden) disconnect();
    else if (live) { connect(); if (live.dataset.events) later(0); }
  });
  addEventListener('pagehide', disconnect);
  addEventListener('pageshow', event => { if (event.persisted) location.reload(); });

  if (document.querySelector('[data-reload]')) setTimeout(() => location.reload(), 2000);
  localTimes(document);
  copyButtons(document);
  connect();
})();
