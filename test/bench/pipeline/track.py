"""ByteTrack's two associations as a Python loop writes them: numpy for boxes, scipy for the assignment.

Word: a JSON file of frames with boxes and scores. Prints seconds.
"""
import json, sys, time
import numpy as np
from scipy.optimize import linear_sum_assignment
frames = json.load(open(sys.argv[1]))
F = np.eye(8); F[:4, 4:] = np.eye(4)
H = np.eye(4, 8)
def iou(a, b):
    lt = np.maximum(a[:, None, :2], b[None, :, :2]); rb = np.minimum(a[:, None, 2:], b[None, :, 2:])
    wh = np.clip(rb - lt, 0, None); inter = wh[..., 0] * wh[..., 1]
    area = lambda x: (x[:, 2] - x[:, 0]) * (x[:, 3] - x[:, 1])
    return inter / (area(a)[:, None] + area(b)[None, :] - inter)
def measure(b): w, h = b[2] - b[0], b[3] - b[1]; return np.array([b[0] + w / 2, b[1] + h / 2, w / h, h])
def corners(m): w = m[2] * m[3]; return np.array([m[0] - w / 2, m[1] - m[3] / 2, m[0] + w / 2, m[1] + m[3] / 2])
class Track: pass
def associate(tracks, boxes, limit):
    if not tracks or len(boxes) == 0: return [], list(range(len(tracks))), list(range(len(boxes)))
    cost = 1 - iou(np.array([corners(t.x[:4]) for t in tracks]), boxes)
    rows, cols = linear_sum_assignment(cost)
    pairs = [(r, c) for r, c in zip(rows, cols) if cost[r, c] < limit]
    return pairs, [r for r in range(len(tracks)) if r not in {p[0] for p in pairs}], [c for c in range(len(boxes)) if c not in {p[1] for p in pairs}]
def update(t, b):
    h = t.x[3]; R = np.diag([h / 20, h / 20, 0.1, h / 20]) ** 2
    S = H @ t.P @ H.T + R; K = np.linalg.solve(S, H @ t.P).T
    t.x = t.x + K @ (measure(b) - H @ t.x); t.P = t.P - K @ S @ K.T; t.lost = 0
start = time.perf_counter(); tracks = []; ids = 0
for frame in frames:
    boxes, scores = np.array(frame['boxes']), np.array(frame['scores'])
    for t in tracks:
        h = t.x[3]; Q = np.diag([h / 20, h / 20, 1e-2, h / 20, h / 160, h / 160, 1e-5, h / 160]) ** 2
        t.x = F @ t.x; t.P = F @ t.P @ F.T + Q
    high, low = boxes[scores >= 0.65], boxes[(scores >= 0.1) & (scores < 0.65)]
    pairs, left, born = associate(tracks, high, 0.85)
    for r, c in pairs: update(tracks[r], high[c])
    rest = [tracks[r] for r in left]
    pairs, left, _ = associate(rest, low, 0.5)
    for r, c in pairs: update(rest[r], low[c])
    for r in left: rest[r].lost += 1
    for c in born:
        t = Track(); ids += 1; t.x = np.concatenate([measure(high[c]), np.zeros(4)]); h = t.x[3]
        t.P = np.diag([h / 10, h / 10, 1e-2, h / 10, h / 16, h / 16, 1e-5, h / 16]) ** 2; t.lost = 0; tracks.append(t)
    tracks = [t for t in tracks if t.lost <= 15]
print(json.dumps({"seconds": time.perf_counter() - start}))
