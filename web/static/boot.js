// Runs before the first paint, so that a light or green-up page never flashes in the default colours.
(function () {
  var saved = {};
  try {
    saved = JSON.parse(localStorage.getItem('alphaloop.prefs') || '{}');
  } catch {
    localStorage.removeItem('alphaloop.prefs');
  }
  var root = document.documentElement;
  var zh = (navigator.language || 'zh').toLowerCase().indexOf('zh') === 0;
  root.lang = saved.locale || (zh ? 'zh-CN' : 'en');
  root.dataset.theme = saved.theme || 'dark';
  root.dataset.updown = saved.shown || saved.updown || 'red-up';
  root.dataset.density = saved.density === 'comfortable' ? 'touch' : 'compact';
})();
