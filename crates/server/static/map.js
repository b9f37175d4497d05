'use strict';

// The map of a layer: its vector tiles, over the outlines of countries. A click shows the feature.
(() => {
  const element = document.getElementById('map');
  if (!element) return;
  const root = document.body.dataset.root;
  const { layer, mercator } = element.dataset;
  const square = element.dataset.square.split(' ').map(Number);
  const extent = element.dataset.extent.split(' ').map(Number);
  const size = square[2] - square[0];
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const projection = mercator === 'true' ? 'EPSG:3857' : new ol.Projection({ code: 'layer', units: 'm', extent: square });

  const tileGrid = new ol.TileGrid({
    origin: [square[0], square[3]],
    extent: square,
    tileSize: 512,
    resolutions: Array.from({ length: 25 }, (_, level) => size / 512 / 2 ** level),
  });

  function styles() {
    const [line, fill, cover, land, border] = dark.matches
      ? ['#7cc0f2', 'rgba(124,192,242,.25)', 'rgba(124,192,242,.35)', '#232b33', '#3c4752']
      : ['#14588a', 'rgba(20,88,138,.22)', 'rgba(20,88,138,.3)', '#eef0f2', '#c8cfd6'];
    const stroke = new ol.Stroke({ color: line, width: 1.2 });
    const feature = new ol.Style({
      stroke,
      fill: new ol.Fill({ color: fill }),
      image: new ol.Circle({ radius: 4, fill: new ol.Fill({ color: line }), stroke: new ol.Stroke({ color: land, width: 1 }) }),
    });
    const coverage = new ol.Style({ fill: new ol.Fill({ color: cover }) });
    return {
      tiles: tile => tile.get('layer') === 'coverage' ? coverage : feature,
      land: new ol.Style({ fill: new ol.Fill({ color: land }), stroke: new ol.Stroke({ color: border, width: 1 }) }),
    };
  }

  const tiles = new ol.VectorTileLayer({
    source: new ol.VectorTileSource({ format: new ol.MVT(), projection, tileGrid, url: root + layer + '/tiles/{z}/{x}/{y}.mvt' }),
  });
  const layers = [tiles];
  let land = null;
  if (mercator === 'true') {
    land = new ol.VectorLayer({ source: new ol.VectorSource({ url: root + '/-/countries.geojson', format: new ol.GeoJSON() }) });
    layers.unshift(land);
  }
  const paint = () => {
    const { tiles: ofTiles, land: ofLand } = styles();
    tiles.setStyle(ofTiles);
    if (land) land.setStyle(ofLand);
  };
  paint();
  dark.addEventListener('change', paint);

  const view = new ol.View({ projection, center: [(extent[0] + extent[2]) / 2, (extent[1] + extent[3]) / 2], zoom: 2, maxZoom: 24 });
  const map = new ol.Map({ target: element, layers, view, controls: ol.defaultControls({ rotate: false, attribution: false }) });
  view.fit(extent, { padding: [24, 24, 24, 24], maxZoom: 16 });
  map.once('rendercomplete', () => { element.dataset.drawn = 'true'; });

  const picked = document.getElementById('picked');
  map.on('singleclick', async event => {
    const feature = map.forEachFeatureAtPixel(event.pixel, found => found, { layerFilter: one => one === tiles, hitTolerance: 4 });
    if (!feature) return show('There is no feature here.');
    const id = feature.get('id');
    if (id === undefined) return show('There are too many features here to show each; come closer.');
    const address = root + layer + '/items/' + encodeURIComponent(id).replace(/\.(json|xml)$/, '%2E$1');
    const response = await fetch(address, { headers: { Accept: 'application/geo+json' } }).catch(() => null);
    if (!response || !response.ok) return show('The feature ' + id + ' cannot be read.');
    const link = document.createElement('a');
    link.href = address;
    link.textContent = 'Feature ' + id;
    const list = document.createElement('dl');
    list.className = 'facts';
    for (const [name, value] of Object.entries((await response.json()).properties)) {
      const row = document.createElement('div');
      const [term, text] = [document.createElement('dt'), document.createElement('dd')];
      term.textContent = name;
      text.textContent = value === null ? 'null' : String(value).slice(0, 300);
      row.append(term, text);
      list.append(row);
    }
    picked.replaceChildren(link, list);
  });

  function show(text) {
    picked.textContent = text;
  }
})();

// What a commit has changed: a colour for each kind, and broken lines where only attributes have changed.
(() => {
  const element = document.getElementById('changes-map');
  if (!element) return;
  const root = document.body.dataset.root;
  const dark = matchMedia('(prefers-color-scheme: dark)');

  function style(feature) {
    const colours = dark.matches
      ? { added: '99,207,143', changed: '227,179,78', deleted: '255,143,134' }
      : { added: '24,112,60', changed: '138,90,0', deleted: '179,38,30' };
    const colour = colours[feature.get('change')] || colours.changed;
    const onlyAttributes = feature.get('change') === 'changed' && !feature.get('geometry_changed');
    const stroke = new ol.Stroke({ color: `rgb(${colour})`, width: 1.6, lineDash: onlyAttributes ? [5, 4] : undefined });
    return new ol.Style({
      stroke,
      fill: new ol.Fill({ color: `rgba(${colour},${onlyAttributes ? 0.08 : 0.28})` }),
      image: new ol.Circle({ radius: 5, stroke, fill: new ol.Fill({ color: onlyAttributes ? 'transparent' : `rgb(${colour})` }) }),
    });
  }

  const land = new ol.VectorLayer({
    source: new ol.VectorSource({ url: root + '/-/countries.geojson', format: new ol.GeoJSON() }),
    style: () => new ol.Style({
      fill: new ol.Fill({ color: dark.matches ? '#232b33' : '#eef0f2' }),
      stroke: new ol.Stroke({ color: dark.matches ? '#3c4752' : '#c8cfd6', width: 1 }),
    }),
  });
  const source = new ol.VectorSource();
  const layers = [land, new ol.VectorLayer({ source, style })];
  const view = new ol.View({ center: [0, 0], zoom: 1 });
  const map = new ol.Map({ target: element, layers, view, controls: ol.defaultControls({ rotate: false, attribution: false }) });
  dark.addEventListener('change', () => layers.forEach(layer => layer.changed()));

  const format = new ol.GeoJSON({ featureProjection: 'EPSG:3857' });
  const addresses = element.dataset.changes.split(' ');
  Promise.all(addresses.map(async address => {
    const response = await fetch(root + address + '?limit=2000');
    if (response.ok) source.addFeatures(format.readFeatures(await response.json()));
  })).finally(() => {
    const extent = source.getExtent();
    if (extent && extent.every(Number.isFinite)) view.fit(extent, { padding: [30, 30, 30, 30], maxZoom: 16 });
    map.once('rendercomplete', () => { element.dataset.drawn = 'true'; });
    map.render();
  });
})();
