// The page's style sheet. System fonts, one neutral scale, one colour a person (--h, set on rows
// and lanes); light and dark by the reader's setting; ink on paper when printed.

export const style = `
:root{color-scheme:light dark;--bg:#f7f7f5;--surface:#fff;--ink:#17191c;--muted:#5b6067;--line:#e3e3df;--band:#ecece8;--warn:#8a4b00;--focus:#1a5fd0;--who:hsl(var(--h) 45% 45%);--soft:hsl(var(--h) 45% 92%)}
@supports (color:oklch(0 0 0)){:root{--who:oklch(58% .13 var(--h));--soft:oklch(94% .03 var(--h))}.lane,tr,li{--who:oklch(58% .13 var(--h,255));--soft:oklch(93% .035 var(--h,255))}}
@media (prefers-color-scheme:dark){:root{--bg:#121315;--surface:#1a1c1f;--ink:#eceded;--muted:#a3a8af;--line:#2d3034;--band:#25282c;--warn:#f0b25c;--focus:#8ab4ff}.lane,tr,li{--who:oklch(74% .12 var(--h,255));--soft:oklch(34% .05 var(--h,255))}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main,header,footer{max-width:1120px;margin:0 auto;padding:0 24px}
header{padding-top:48px}
.eyebrow{margin:0;color:var(--muted);font-size:13px;letter-spacing:.02em}
h1{margin:2px 0 0;font-size:36px;line-height:1.15;letter-spacing:-.022em;font-weight:650;overflow-wrap:anywhere}
h2{margin:0;font-size:19px;line-height:1.3;letter-spacing:-.01em;font-weight:620}
h3{margin:0;font-size:15px;font-weight:600}
small{display:block;color:var(--muted);font-size:12.5px;font-weight:400;line-height:1.35}
.muted,.note{color:var(--muted)}
.note{margin:12px 0 0;font-size:13px;text-align:left}
.n,.clock{font-variant-numeric:tabular-nums lining-nums}
.figures{display:flex;flex-wrap:wrap;gap:20px 48px;margin:28px 0 0;padding:20px 0 0;border-top:1px solid var(--line)}
.figures div{min-width:96px}
.figures dt{color:var(--muted);font-size:13px}
.figures dd{margin:0;font-size:24px;font-weight:600;letter-spacing:-.015em;line-height:1.3;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.figures dd small{display:inline;margin-left:6px;font-size:14px;letter-spacing:0}
section{margin:44px 0 0}
.head{display:flex;flex-wrap:wrap;align-items:center;gap:8px 20px}
.head h2{flex:1 1 auto}
section>h2,.head{margin-bottom:14px}
.scroll{overflow-x:auto;background:var(--surface);border:1px solid var(--line);border-radius:10px}
:focus-visible{outline:2px solid var(--focus);outline-offset:2px}
.button{display:inline-block;padding:6px 14px;border:1px solid var(--line);border-radius:8px;background:var(--surface);color:var(--ink);font:inherit;font-size:14px;font-weight:500;text-decoration:none;cursor:pointer}
.button:hover{border-color:var(--muted)}
section>.button{margin-top:12px}
[hidden]{display:none!important}
table{width:100%;border-collapse:collapse;font-size:14px}
th,td{padding:10px 16px;text-align:left;vertical-align:middle;font-weight:400}
th.n,td.n{text-align:right;white-space:nowrap}
.board th:nth-child(4){width:30%}
thead th{padding-top:10px;padding-bottom:10px;border-bottom:1px solid var(--line);color:var(--muted);font-size:12.5px;font-weight:500;white-space:nowrap}
tbody tr+tr>*,tfoot tr>*{border-top:1px solid var(--line)}
thead button{padding:0;border:0;background:none;color:inherit;font:inherit;cursor:pointer}
thead button:hover,[aria-sort] button{color:var(--ink)}
.arrow{display:inline-block;width:0;text-indent:3px}
[aria-sort=descending] .arrow::after{content:"\\2193"}
[aria-sort=ascending] .arrow::after{content:"\\2191"}
td b{font-size:17px;font-weight:600;letter-spacing:-.01em}
.who{display:flex;align-items:center;gap:12px;min-width:190px}
.name{font-weight:550;overflow-wrap:anywhere}
.name.unnamed{font-weight:500;color:var(--muted)}
.face{flex:none;display:inline-grid;place-items:center;width:40px;height:40px;border-radius:50%;background:var(--soft) center/cover;box-shadow:0 0 0 2px var(--surface),0 0 0 3.5px var(--who);font-size:13px;font-weight:600}
.face.large{width:72px;height:72px;border-radius:14px;font-size:20px}
.share{display:grid;grid-template-columns:minmax(100px,1fr) 60px;align-items:center;gap:12px}
.share .n{text-align:right;white-space:nowrap}
.bar{display:flex;height:8px;border-radius:4px;background:var(--band);overflow:hidden}
.bar i{background:var(--who)}
.bar .bridged{opacity:.4}
.others{--who:var(--muted)}
tr.others{--who:var(--muted)}
.warn{color:var(--warn)}
details summary{cursor:pointer}
td details,th details{font-weight:500}
th details small{margin-left:16px}
th details p{margin:6px 0 0 16px;color:var(--muted);font-size:13px;max-width:420px}
.legend{display:flex;gap:16px;margin:0;color:var(--muted);font-size:13px}
.legend span{display:inline-flex;align-items:center;gap:6px}
.legend i{width:18px;background:var(--muted)}
.legend .seen{height:12px;border-radius:2px}
.legend .thin{height:3px}
.zoom{display:inline-flex;align-items:center;gap:8px;color:var(--muted);font-size:13px}
.zoom input{width:120px;accent-color:var(--muted)}
.lanes{position:relative;--label:180px;width:calc(var(--label) + (100% - var(--label))*var(--zoom,1));padding:10px 0 6px}
.lane{position:relative;display:grid;grid-template-columns:var(--label) 1fr;align-items:center;padding-right:16px}
.label{position:sticky;left:0;z-index:1;display:flex;align-items:center;gap:10px;height:36px;padding:0 14px 0 16px;background:var(--surface);font-size:14px;overflow:hidden}
.label .name{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.label .face{width:24px;height:24px;font-size:10px;box-shadow:0 0 0 1.5px var(--surface),0 0 0 2.5px var(--who)}
.lane svg{display:block;width:100%;height:18px;overflow:hidden;background:linear-gradient(var(--line),var(--line)) center/100% 1px no-repeat}
.grid{position:absolute;left:var(--label);right:16px;top:30px;bottom:30px;pointer-events:none}
.grid svg{display:block;width:100%;height:100%}
.grid line{stroke:var(--line);stroke-width:1;vector-effect:non-scaling-stroke}
.lane rect.seen,.lane rect.bridged{fill:var(--who)}
.lane rect.seen:hover,.lane rect.bridged:hover{fill:var(--ink)}
.lane.scenes .label{color:var(--muted);font-size:13px}
.lane.scenes svg{height:10px;border-radius:2px;background:none}
.scene{fill:var(--line)}
.scene.odd{fill:var(--muted);opacity:.5}
.ticks{position:relative;height:24px;border-top:1px solid var(--line)}
.ticks span{position:absolute;top:4px;transform:translateX(-50%);color:var(--muted);font-size:12px;font-variant-numeric:tabular-nums}
.ticks span:first-child{transform:none}
.ticks span::before{content:"";position:absolute;left:50%;top:-5px;height:4px;border-left:1px solid var(--line)}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(310px,1fr));gap:12px;margin:0;padding:0;list-style:none}
.card{display:flex;gap:16px;padding:16px;background:var(--surface);border:1px solid var(--line);border-radius:10px;break-inside:avoid}
.card>div{flex:1;min-width:0}
.card p{margin:1px 0 0;font-size:13px}
.card dl{margin:10px 0 0;font-size:13px}
.card dl div{display:flex;justify-content:space-between;gap:12px}
.card dt{color:var(--muted)}
.card dd{margin:0;font-variant-numeric:tabular-nums;text-align:right}
.badges{display:flex;flex-wrap:wrap;gap:6px}
.badges:empty{display:none}
.badge{padding:0 8px;border:1px solid var(--line);border-radius:999px;color:var(--muted);font-size:12px;font-variant-numeric:tabular-nums}
.badge.warn{color:var(--warn);border-color:currentColor}
.matrix{width:auto}
.scroll>.matrix{margin:8px}
.note+.scroll{margin-top:12px}
h2+.note{margin-top:-8px}
.matrix th,.matrix td{padding:7px 10px}
.matrix thead th{max-width:96px;overflow:hidden;text-overflow:ellipsis;text-align:right}
.matrix thead .name,.matrix tbody .name{font-weight:500}
.matrix tbody th{white-space:nowrap;max-width:180px;overflow:hidden;text-overflow:ellipsis}
.matrix tbody td{min-width:60px;background:color-mix(in oklab,var(--ink) calc(var(--w,0)*22%),transparent)}
.matrix .self{color:var(--muted);background:none;box-shadow:inset 0 0 0 1px var(--line)}
.zero{color:var(--muted);opacity:.75}
.chips{display:flex;flex-wrap:wrap;gap:4px 18px;margin:0;padding:0;list-style:none}
.chips li{display:inline-flex;align-items:baseline;gap:6px}
.chips .n{color:var(--muted)}
.dot{width:8px;height:8px;border-radius:50%;background:var(--who);transform:translateY(-1px)}
.dot.none{background:var(--muted)}
.scene-table th.n,.scene-table td.n{width:1%}
.scene-table td,.scene-table th{padding-top:8px;padding-bottom:8px}
.more{margin-top:12px}
.more summary{margin-bottom:12px}
.facts{margin:0 0 16px}
.facts div{display:grid;grid-template-columns:112px 1fr;gap:16px;padding:5px 0;font-size:14px}
.facts dt{color:var(--muted)}
.facts dd{margin:0}
.models td,.models th{vertical-align:top}
.scroll+h3{margin-top:24px}
.edits{margin:8px 0 0;padding-left:20px;font-size:14px}
.empty{margin:44px 0 0;padding:48px 32px;background:var(--surface);border:1px solid var(--line);border-radius:10px}
.empty h2{font-size:22px}
.empty p{max-width:60ch;margin:8px 0 0;color:var(--muted)}
footer{padding-top:40px;padding-bottom:56px;color:var(--muted);font-size:13px}
@media (max-width:640px){main,header,footer{padding-left:16px;padding-right:16px}header{padding-top:28px}h1{font-size:28px}.lanes{--label:124px}.figures{gap:16px 32px}.facts div{grid-template-columns:1fr;gap:0}}
@media print{:root{color-scheme:light;--bg:#fff;--surface:#fff;--ink:#000;--muted:#444;--line:#ccc;--band:#eee}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}body{font-size:12px}header{padding-top:0}.button,.zoom{display:none!important}.scroll{overflow:visible;border:0}tr,.lane,.card{break-inside:avoid}section{margin-top:28px}th,td{padding:6px 8px}}
`;
