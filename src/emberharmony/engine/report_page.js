// The script of report.html: draws a chart when it comes into view, lists its numbers on demand, and filters columns. The
// page says everything without it. Text from data only ever becomes text: textContent, or marks of an SVG.
(() => {
  'use strict';
  const data = JSON.parse(document.getElementById('report-data').textContent);
  const splits = data.splits;

  // Colours are the style sheet's, so that the dark scheme and paper apply to charts as well.
  const colour = (name) => `var(--${name})`;
  const splitColour = (i) => colour(splits[i] === 'all' ? 'train' : splits[i]);
  const dashes = [[], [], [5, 3]];

  const number = (value) => {
    if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString('en-US');
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-4 || size >= 1e15)) return String(Number(value.toPrecision(6)));
    return Number(value.toPrecision(6)).toLocaleString('en-US', { maximumFractionDigits: 10 });
  };
  const percent = (share) => {
    if (share > 0 && share < 0.001) return '< 0.1 %';
    if (share < 1 && share > 0.999) return '> 99.9 %';
    return `${Number((100 * share).toPrecision(3))} %`;
  };

  const make = (tag, text, attributes = {}) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };

  // Rows with a value in each split: what shares are of.
  const present = (column) => data.rows.map((rows, s) => rows - column.missing[s]);

  const edgeText = (chart, i) => (chart.labels ? chart.labels[i] : number(chart.edges[i]));
  const barText = (chart, i) => (chart.kind === 'bins' ? `[${edgeText(chart, i)}, ${edgeText(chart, i + 1)})` : edgeText(chart, i));

  // Each bar: its shares and what a pointer over it says.
  const barsOf = (column, chart) => {
    const wholes = present(column);
    return chart.rows.map((rows, i) => {
      const shares = rows.map((count, s) => (wholes[s] > 0 ? count / wholes[s] : 0));
      const lines = rows.map((count, s) => `${splits[s]}: ${percent(shares[s])} (${number(count)})`);
      return { i, label: barText(chart, i), shares, tip: [barText(chart, i), ...lines].join('\n') };
    });
  };

  const text = { fill: { value: colour('text') }, font: { value: 'system-ui, sans-serif' }, fontSize: { value: 12 } };
  const axisStyle = {
    labelColor: colour('muted'), tickColor: colour('line'), domainColor: colour('line'), gridColor: colour('line'),
    labelFont: 'system-ui, sans-serif', labelFontSize: 12,
  };

  const histogramSpec = (column, chart, width) => {
    const scaleMs = chart.ms_per_tick || 1;
    const x = chart.edges.map((edge) => edge * scaleMs);
    const bars = barsOf(column, chart).map((bar) => ({ ...bar, x0: x[bar.i], x1: x[bar.i + 1], share: bar.shares[0] }));
    const steps = [];
    for (let s = 0; s < splits.length; s += 1) {
      const points = bars.map((bar) => ({ s, x: bar.x0, share: bar.shares[s] }));
      points.push({ s, x: x[x.length - 1], share: points[points.length - 1].share });
      steps.push(points);
    }
    const top = Math.max(...bars.flatMap((bar) => bar.shares), 1e-9);
    const xAxis = { orient: 'bottom', scale: 'x', labelOverlap: 'greedy', labelFlush: true, tickCount: { signal: 'ceil(width / 90)' }, ...axisStyle };
    if (chart.time_of_day) xAxis.format = '%H:%M';
    return {
      width, height: 190, padding: { left: 0, right: 8, top: 6, bottom: 5 },
      autosize: { type: 'fit', contains: 'padding' },
      data: [{ name: 'bars', values: bars }, ...steps.map((values, i) => ({ name: `steps${i}`, values }))],
      scales: [
        { name: 'x', type: chart.ms_per_tick ? 'utc' : 'linear', domain: [x[0], x[x.length - 1]], range: 'width', zero: false, nice: false },
        { name: 'y', type: 'linear', domain: [0, top], range: 'height', nice: true, zero: true },
      ],
      axes: [
        xAxis,
        { orient: 'left', scale: 'y', format: top < 0.05 ? '.1~%' : '.0~%', tickCount: 4, grid: true, domain: false, ticks: false, ...axisStyle },
      ],
      marks: [
        {
          type: 'rect', from: { data: 'bars' },
          encode: {
            enter: { fill: { value: splitColour(0) }, fillOpacity: { value: 0.4 } },
            update: {
              x: { scale: 'x', field: 'x0' }, x2: { scale: 'x', field: 'x1', offset: bars.length < 100 ? -1 : 0 },
              y: { scale: 'y', field: 'share' }, y2: { scale: 'y', value: 0 },
            },
          },
        },
        ...steps.map((_, i) => ({
          type: 'line', from: { data: `steps${i}` }, interactive: false,
          encode: {
            enter: {
              stroke: { value: splitColour(i) }, strokeWidth: { value: i === 0 ? 1.5 : 2 }, strokeDash: { value: dashes[i] },
              interpolate: { value: 'step-after' },
            },
            update: { x: { scale: 'x', field: 'x' }, y: { scale: 'y', field: 'share' } },
          },
        })),
        {
          type: 'rect', from: { data: 'bars' },
          encode: {
            enter: { fill: { value: colour('text') }, tooltip: { field: 'tip' } },
            update: {
              x: { scale: 'x', field: 'x0' }, x2: { scale: 'x', field: 'x1' }, y: { value: 0 }, y2: { signal: 'height' },
              fillOpacity: { value: 0 },
            },
            hover: { fillOpacity: { value: 0.08 } },
          },
        },
      ],
    };
  };

  const barsSpec = (column, chart, width) => {
    const step = 30;
    const bars = barsOf(column, chart);
    const marksOfSplits = bars.flatMap((bar) => bar.shares.slice(1).map((share, s) => ({ i: bar.i, s: s + 1, share })));
    const top = Math.max(...bars.flatMap((bar) => bar.shares), 1e-9);
    const y = (offset) => ({ signal: `datum.i * ${step} + ${offset}` });
    return {
      width, height: bars.length * step, padding: { left: 0, right: 8, top: 2, bottom: 2 },
      autosize: { type: 'fit', contains: 'padding' },
      data: [
        { name: 'bars', values: bars.map((bar) => ({ ...bar, share: bar.shares[0], shown: percent(bar.shares[0]) })) },
        { name: 'marks', values: marksOfSplits },
      ],
      scales: [{ name: 'x', type: 'linear', domain: [0, top], range: 'width', zero: true, nice: false }],
      marks: [
        {
          type: 'text', from: { data: 'bars' }, interactive: false,
          encode: {
            enter: { ...text, text: { field: 'label' }, baseline: { value: 'middle' } },
            update: { x: { value: 0 }, y: y(8), limit: { signal: 'width - 70' } },
          },
        },
        {
          type: 'text', from: { data: 'bars' }, interactive: false,
          encode: {
            enter: { ...text, fill: { value: colour('muted') }, text: { field: 'shown' }, align: { value: 'right' }, baseline: { value: 'middle' } },
            update: { x: { signal: 'width' }, y: y(8) },
          },
        },
        {
          type: 'rect', from: { data: 'bars' }, interactive: false,
          encode: {
            enter: { fill: { value: splitColour(0) }, fillOpacity: { value: 0.8 } },
            update: { x: { value: 0 }, x2: { scale: 'x', field: 'share' }, y: y(17), height: { value: 8 } },
          },
        },
        {
          type: 'symbol', from: { data: 'marks' }, interactive: false,
          encode: {
            enter: {
              fill: { value: colour('card') }, strokeWidth: { value: 2 }, size: { value: 45 },
              shape: { signal: "datum.s === 1 ? 'circle' : 'diamond'" },
              stroke: { signal: `datum.s === 1 ? '${splits.length > 1 ? splitColour(1) : ''}' : '${splits.length > 2 ? splitColour(2) : ''}'` },
            },
            update: { x: { scale: 'x', field: 'share' }, y: y(21) },
          },
        },
        {
          type: 'rect', from: { data: 'bars' },
          encode: {
            enter: { fill: { value: colour('text') }, tooltip: { field: 'tip' } },
            update: { x: { value: 0 }, x2: { signal: 'width' }, y: y(0), height: { value: step }, fillOpacity: { value: 0 } },
            hover: { fillOpacity: { value: 0.06 } },
          },
        },
      ],
    };
  };

  const draw = (figure) => {
    const [column, chart] = chartOf(figure);
    const plot = figure.querySelector('.plot');
    const target = make('div', undefined, { class: 'vega' });
    const width = Math.max(180, Math.floor(plot.clientWidth));
    const spec = chart.kind === 'bins' ? histogramSpec(column, chart, width) : barsSpec(column, chart, width);
    const view = new vega.View(vega.parse(spec, null, { ast: true }), {
      expr: vega.expressionInterpreter, renderer: 'svg', container: target, hover: true, logLevel: vega.Warn,
    });
    return view.runAsync().then(() => {
      plot.replaceChildren(target);
      plot.setAttribute('role', 'img');
      plot.setAttribute('aria-label', `${figure.querySelector('.title').textContent}: ${plot.dataset.summary}. The numbers follow as a table.`);
      let drawn = width;
      new ResizeObserver(() => {
        const now = Math.max(180, Math.floor(plot.clientWidth));
        if (plot.clientWidth > 0 && Math.abs(now - drawn) > 2) {
          drawn = now;
          view.width(now).runAsync();
        }
      }).observe(plot);
    });
  };

  const chartOf = (figure) => {
    const [column, chart] = figure.dataset.chart.split('.').map(Number);
    return [data.columns[column], data.columns[column].charts[chart]];
  };

  // The numbers of a chart, made when they are asked for.
  const offerNumbers = (figure) => {
    const details = make('details', undefined, { class: 'numbers' });
    details.append(make('summary', 'Numbers'));
    details.addEventListener('toggle', () => {
      if (!details.open || details.querySelector('table')) return;
      const [column, chart] = chartOf(figure);
      const wholes = present(column);
      const table = make('table', undefined, { class: 'compact' });
      table.append(make('caption', `${figure.querySelector('.title').textContent} of ${column.name}`));
      const head = make('tr');
      head.append(make('th', chart.kind === 'bins' ? 'From, to below' : 'Value', { scope: 'col' }));
      for (const split of splits) {
        head.append(make('th', `${split}, rows`, { scope: 'col', class: 'n' }), make('th', 'share', { scope: 'col', class: 'n' }));
      }
      const body = make('tbody');
      const add = (label, rows) => {
        const row = make('tr');
        row.append(make('th', label, { scope: 'row' }));
        rows.forEach((count, s) => {
          row.append(make('td', number(count), { class: 'n' }), make('td', wholes[s] > 0 ? percent(count / wholes[s]) : '', { class: 'n' }));
        });
        body.append(row);
      };
      if (chart.below && chart.below.some((count) => count > 0)) add(`below ${edgeText(chart, 0)}`, chart.below);
      chart.rows.forEach((rows, i) => add(barText(chart, i), rows));
      if (chart.above && chart.above.some((count) => count > 0)) add(`from ${edgeText(chart, chart.edges.length - 1)}`, chart.above);
      if (chart.other) add('all others', chart.other);
      if (chart.unseen) add('not learned', chart.unseen);
      const thead = make('thead');
      thead.append(head);
      table.append(thead, body);
      const scroll = make('div', undefined, { class: 'scroll tall', tabindex: '0', role: 'region', 'aria-label': 'Table of numbers' });
      scroll.append(table);
      details.append(scroll);
    });
    figure.append(details);
  };

  // A chart that cannot be drawn leaves the plain one in its place.
  const tryToDraw = (figure) => Promise.resolve(figure).then(draw).catch((error) => console.error(error));
  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      observer.unobserve(entry.target);
      tryToDraw(entry.target);
    }
  }, { rootMargin: '300px' });
  for (const figure of document.querySelectorAll('figure[data-chart]')) {
    offerNumbers(figure);
    const { top, height } = figure.getBoundingClientRect();
    if (height > 0 && top < window.innerHeight) {
      tryToDraw(figure);
    } else {
      observer.observe(figure);
    }
  }

  // Finding a column among many: by its name, type, steps or role.
  const section = document.getElementById('columns');
  const found = (selector) => (section ? [...section.querySelectorAll(selector)] : []);
  const cards = found(':scope > details.column');
  const items = cards.length > 0 ? cards : found(':scope > .scroll tbody tr');
  if (items.length > 8) {
    const texts = items.map((item) => (item.querySelector('summary') || item).textContent.toLowerCase());
    const tools = make('div', undefined, { class: 'tools' });
    const label = make('label', 'Find columns ');
    const input = make('input', undefined, { type: 'search', placeholder: 'name, type or step', autocomplete: 'off', spellcheck: 'false' });
    const status = make('span', `${number(items.length)} columns`, { role: 'status', class: 'muted small' });
    label.append(input);
    tools.append(label);
    if (cards.length > 0) {
      const toggle = make('button', 'Open all found', { type: 'button' });
      toggle.addEventListener('click', () => {
        const shown = cards.filter((card) => !card.hidden);
        const open = shown.some((card) => !card.open);
        for (const card of shown) card.open = open;
        toggle.textContent = open ? 'Close all found' : 'Open all found';
      });
      tools.append(toggle);
    }
    tools.append(status);
    input.addEventListener('input', () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      items.forEach((item, i) => {
        item.hidden = !words.every((word) => texts[i].includes(word));
        if (!item.hidden) count += 1;
      });
      status.textContent = words.length === 0 ? `${number(items.length)} columns` : `${number(count)} of ${number(items.length)} columns`;
    });
    section.querySelector('.lead').after(tools);
  }
  document.documentElement.classList.add('scripted');
})();
