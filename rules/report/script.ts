// The page's script: sorts, unfolds, zooms. Without it the page says the same, in the table's own
// order and unfolded.

export const script = `
'use strict';
const fold = (box) => {
  const open = box.dataset.open === 'yes';
  [...box.children].forEach((child, index) => { child.hidden = !open && index >= Number(box.dataset.fold); });
};
document.querySelectorAll('[data-fold]').forEach(fold);
document.querySelectorAll('[data-unfold]').forEach((button) => {
  const target = document.getElementById(button.dataset.unfold);
  const box = target.matches('[data-fold]') ? target : target.querySelector('[data-fold]');
  const all = button.textContent;
  button.hidden = false;
  button.addEventListener('click', () => {
    const open = box.dataset.open !== 'yes';
    box.dataset.open = open ? 'yes' : 'no';
    button.setAttribute('aria-expanded', String(open));
    button.textContent = open ? 'Show fewer' : all;
    fold(box);
  });
});
document.querySelectorAll('[data-sort]').forEach((button) => {
  const heading = button.closest('th');
  const table = heading.closest('table');
  const text = button.dataset.sort === 'text';
  button.addEventListener('click', () => {
    const before = heading.getAttribute('aria-sort');
    const order = before === null ? (text ? 'ascending' : 'descending') : before === 'descending' ? 'ascending' : 'descending';
    table.querySelectorAll('[aria-sort]').forEach((other) => other.removeAttribute('aria-sort'));
    heading.setAttribute('aria-sort', order);
    const value = (row) => row.cells[heading.cellIndex].dataset.v;
    const compare = text ? (a, b) => value(a).localeCompare(value(b)) : (a, b) => value(a) - value(b);
    const body = table.tBodies[0];
    const rows = [...body.rows].sort((a, b) => (order === 'ascending' ? compare(a, b) : compare(b, a)));
    body.append(...rows);
    fold(body);
  });
});
document.querySelectorAll('[data-zoom]').forEach((slider) => {
  const lanes = document.getElementById(slider.dataset.zoom);
  const scroller = lanes.parentElement;
  slider.closest('label').hidden = false;
  slider.addEventListener('input', () => {
    const middle = (scroller.scrollLeft + scroller.clientWidth / 2) / lanes.clientWidth;
    lanes.style.setProperty('--zoom', slider.value);
    scroller.scrollLeft = middle * lanes.clientWidth - scroller.clientWidth / 2;
  });
});
`;
