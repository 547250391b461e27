"""Cuts of a video as PySceneDetect's ContentDetector finds them, by its core in OpenCV and numpy.

The structure is the original's: a thread reads and scales (longer side to 256, bilinear), the caller scores
(mean absolute differences of hue, saturation and value) and filters flashes by merging. Words: video,
threshold, shortest scene in frames. Prints seconds and the first frame of each new scene.
"""
import json
import queue
import sys
import threading
import time

import cv2
import numpy as np

video, threshold, length = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])


class FlashFilter:
    """Cuts that follow each other too soon become one, at the last high frame."""

    def __init__(self):
        self.last_above = None
        self.merge_enabled = False
        self.merge_start = None

    def cuts(self, number, above):
        if length <= 0:
            return [number] if above else []
        if self.last_above is None:
            self.last_above = number
        long_enough = number - self.last_above >= length
        if above:
            self.last_above = number
        if self.merge_start is not None:
            if long_enough and not above and self.last_above - self.merge_start >= length:
                self.merge_start = None
                return [self.last_above]
            return []
        if not above:
            return []
        if long_enough:
            self.merge_enabled = True
            return [number]
        if self.merge_enabled:
            self.merge_start = number
        return []


def read(frames):
    capture = cv2.VideoCapture(video)
    while True:
        there, frame = capture.read()
        if not there:
            frames.put(None)
            return
        height, width = frame.shape[:2]
        factor = max(width, height) / 256
        if factor > 1:
            frame = cv2.resize(frame, (round(width / factor), round(height / factor)), interpolation=cv2.INTER_LINEAR)
        frames.put(frame)


def distance(one, other):
    return np.sum(np.abs(one.astype(np.int32) - other.astype(np.int32))) / float(one.shape[0] * one.shape[1])


start = time.perf_counter()
frames = queue.Queue(maxsize=4)
threading.Thread(target=read, args=(frames,), daemon=True).start()
flash, cuts, before, number = FlashFilter(), [], None, 0
while (frame := frames.get()) is not None:
    now = cv2.split(cv2.cvtColor(frame, cv2.COLOR_BGR2HSV))
    score = 0.0 if before is None else sum(distance(one, other) for one, other in zip(now, before)) / 3
    before = now
    cuts += flash.cuts(number, score >= threshold)
    number += 1
print(json.dumps({"seconds": time.perf_counter() - start, "frames": number, "cuts": cuts}))
