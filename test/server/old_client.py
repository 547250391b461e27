"""The client of the Python days: a form's values in, the number of identities out."""
import sys
import time

import requests

BASE = sys.argv[1]

form = {
    "ep_id": sys.argv[2],
    "device": "auto",
    "stride": int(sys.argv[3]),
    "det_thresh": 0.65,
    "cluster_thresh": float(sys.argv[4]),
    "save_crops": True,
    "save_frames": False,
    "reuse_detections": False,
    "reuse_embeddings": False,
    "profile": None,
}
response = requests.post(f"{BASE}/jobs/episode-run", json=form, timeout=30)
response.raise_for_status()
started = response.json()
assert started["status"] in ("queued", "running"), started
job_id = started["job_id"]

while True:
    job = requests.get(f"{BASE}/jobs/{job_id}", timeout=30).json()
    if job["state"] in ("succeeded", "failed"):
        break
    time.sleep(0.5)

assert job["job_id"] == job_id and job["job_type"] == "episode_run" and job["ep_id"] == sys.argv[2]
assert job["started_at"] and job["ended_at"]
if job["state"] == "failed":
    sys.exit(f"failed: {job['error']}")
print(job["summary"]["identities_count"], job["summary"]["tracks_count"], job["summary"]["faces_count"])

refused = requests.post(f"{BASE}/jobs/episode-run", json={**form, "device": "coreml"}, timeout=30)
if sys.platform == "linux":
    assert refused.status_code == 422, refused.text
    assert "cpu" in refused.json()["detail"]
