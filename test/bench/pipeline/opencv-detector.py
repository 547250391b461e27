"""Faces of every frame of a video by OpenCV: VideoCapture, resize, YuNet through cv2.dnn, numpy, NMSBoxes.

Words: model (ONNX, its input of a fixed size), video, width and height of that input, lowest score, file for
the faces found (JSON: one list a frame of [x1, y1, x2, y2, score] in 0..1 of the frame). Prints seconds.
"""
import json
import sys
import time

import cv2
import numpy as np

model, video, width, height, score_min, into = sys.argv[1:]
width, height, score_min = int(width), int(height), float(score_min)
strides = (8, 16, 32)


def face_detector_works():
    """Whether OpenCV's own FaceDetectorYN can use this file; that of 4.6 loads it and then fails."""
    try:
        detector = cv2.FaceDetectorYN.create(model, "", (width, height))
        detector.detect(np.zeros((height, width, 3), np.uint8))
        return True
    except (cv2.error, AttributeError):
        return False


own = face_detector_works()
if own:
    detector = cv2.FaceDetectorYN.create(model, "", (width, height), score_min, 0.3, 5000)
net = cv2.dnn.readNet(model)
names = [f"{part}_{stride}" for part in ("cls", "obj", "bbox") for stride in strides]
cells = np.concatenate(
    [
        np.stack(np.meshgrid(np.arange(width // s), np.arange(height // s)), -1).reshape(-1, 2)
        for s in strides
    ]
).astype(np.float32)
steps = np.concatenate([np.full((width // s) * (height // s), s, np.float32) for s in strides])


def faces_by_net(canvas):
    net.setInput(cv2.dnn.blobFromImage(canvas))
    out = [part[0] for part in net.forward(names)]
    product = np.clip(np.concatenate(out[0:3])[:, 0], 0, 1) * np.clip(np.concatenate(out[3:6])[:, 0], 0, 1)
    kept = np.flatnonzero(product >= score_min**2)
    if len(kept) == 0:
        return []
    box = np.concatenate(out[6:9])[kept]
    step = steps[kept, None]
    centre = (cells[kept] + box[:, :2]) * step
    size = np.exp(box[:, 2:]) * step
    scores = np.sqrt(product[kept])
    corner = centre - size / 2
    stay = cv2.dnn.NMSBoxes(np.concatenate([corner, size], 1).tolist(), scores.tolist(), score_min, 0.3)
    return [[*corner[i], *(corner[i] + size[i]), scores[i]] for i in np.array(stay).reshape(-1)]


def faces_by_detector(canvas):
    found = detector.detect(canvas)[1]
    return [] if found is None else [[f[0], f[1], f[0] + f[2], f[1] + f[3], f[-1]] for f in found]


faces_of = faces_by_detector if own else faces_by_net
capture = cv2.VideoCapture(video)
canvas = np.zeros((height, width, 3), np.uint8)
taken = {"read": 0.0, "scale": 0.0, "detect": 0.0}
faces = []
start = time.perf_counter()
while True:
    began = time.perf_counter()
    there, frame = capture.read()
    read = time.perf_counter()
    taken["read"] += read - began
    if not there:
        break
    scale = min(width / frame.shape[1], height / frame.shape[0])
    inner = (int(frame.shape[1] * scale + 1e-9), int(frame.shape[0] * scale + 1e-9))
    canvas[: inner[1], : inner[0]] = cv2.resize(frame, inner)
    scaled = time.perf_counter()
    taken["scale"] += scaled - read
    found = faces_of(canvas)
    taken["detect"] += time.perf_counter() - scaled
    faces.append([[x1 / inner[0], y1 / inner[1], x2 / inner[0], y2 / inner[1], s] for x1, y1, x2, y2, s in found])
seconds = time.perf_counter() - start
with open(into, "w") as file:
    json.dump([[[float(number) for number in face] for face in of] for of in faces], file)
print(json.dumps({"seconds": seconds, "frames": len(faces), "own": own, "taken": taken}))
