"""Groups rows with scikit-learn: cosine, average linkage. Words: file of float32 rows, numbers a row, limit, file
for the labels (int32), calls. Prints seconds of each call, distances included, and the peak of memory."""
import json
import resource
import sys
import time

import numpy as np
from sklearn.cluster import AgglomerativeClustering

rows = np.fromfile(sys.argv[1], np.float32).reshape(-1, int(sys.argv[2]))
model = AgglomerativeClustering(
    n_clusters=None, metric="cosine", linkage="average", distance_threshold=float(sys.argv[3])
)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
seconds = []
for _ in range(int(sys.argv[5])):
    start = time.perf_counter()
    model.fit(rows)
    seconds.append(time.perf_counter() - start)
model.labels_.astype(np.int32).tofile(sys.argv[4])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": seconds, "peakKiB": peak, "beforeKiB": before}))
