"""A model server written from the published specifications alone, as a peer for the client and nothing else.

    python3 peer_server.py    # prints its port

Speaks the Open Inference Protocol v2 over HTTP
(github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md) at /v2/models/toy and TensorFlow
Serving's REST API (github.com/tensorflow/serving, tensorflow_serving/g3doc/api_rest.md) at /v1/models/toy. Refuses whatever the specifications do not allow. Standard library only.

The model takes [n, 3, 1, 2] integers; with v the values of a sample in order, its class is the sum of (i+1)*v[i]
modulo 7. It answers `class` (the number) and `scores` (one number a class, the largest at the class).
"""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CLASSES = 7
SHAPE = [3, 1, 2]
DATATYPES = "BOOL UINT8 UINT16 UINT32 UINT64 INT8 INT16 INT32 INT64 FP16 FP32 FP64 BYTES".split()


class Invalid(Exception):
    pass


def require(condition, message):
    if not condition:
        raise Invalid(message)


def product(shape):
    result = 1
    for extent in shape:
        result *= extent
    return result


def flatten(value):
    return [v for part in value for v in flatten(part)] if isinstance(value, list) else [value]


def shape_of(value):
    if not isinstance(value, list):
        return []
    shapes = [shape_of(part) for part in value]
    require(all(shape == shapes[0] for shape in shapes), "ragged tensor")
    return [len(value)] + shapes[0]


def classify(values):
    size = product(SHAPE)
    rows = [values[i : i + size] for i in range(0, len(values), size)]
    labels = [int(sum((i + 1) * v for i, v in enumerate(row))) % CLASSES for row in rows]
    return labels, [[1.5 if label == k else k / 10 for k in range(CLASSES)] for label in labels]


def infer(body):
    require(set(body) <= {"id", "parameters", "inputs", "outputs"}, "unknown member of $inference_request")
    require(isinstance(body.get("id", ""), str), "id is not a $string")
    require(isinstance(body.get("inputs"), list) and len(body["inputs"]) == 1, "expected one $request_input")
    tensor = body["inputs"][0]
    require(set(tensor) - {"parameters"} == {"name", "shape", "datatype", "data"}, "members of $request_input")
    require(tensor["name"] == "pixels" and tensor["datatype"] in DATATYPES, "name or datatype")
    shape, data = tensor["shape"], flatten(tensor["data"])
    require(shape[1:] == SHAPE and len(data) == product(shape), "shape")
    labels, scores = classify(data)
    outputs = [
        {"name": "class", "shape": [len(labels), 1], "datatype": "INT64", "data": labels},
        {"name": "scores", "shape": [len(labels), CLASSES], "datatype": "FP32", "data": flatten(scores)},
    ]
    if "outputs" in body:
        wanted = [output["name"] for output in body["outputs"]]
        outputs = [output for output in outputs if output["name"] in wanted]
    answer = {"model_name": "toy", "model_version": "3", "outputs": outputs}
    return {**answer, "id": body["id"]} if "id" in body else answer


def predict(body):
    require(set(body) <= {"signature_name", "instances", "inputs"}, "unknown member")
    require(("instances" in body) != ("inputs" in body), "either instances or inputs, not both")
    if "instances" in body:
        rows = [row["pixels"] if isinstance(row, dict) else row for row in body["instances"]]
        require(shape_of(rows)[1:] == SHAPE, "shape of instances")
        labels, scores = classify(flatten(rows))
        return {"predictions": [{"class": c, "scores": s} for c, s in zip(labels, scores)]}
    tensor = body["inputs"]["pixels"] if isinstance(body["inputs"], dict) else body["inputs"]
    require(shape_of(tensor)[1:] == SHAPE, "shape of inputs")
    labels, scores = classify(flatten(tensor))
    return {"outputs": {"class": labels, "scores": scores}}


SERVER = {"name": "peer", "version": "1", "extensions": []}
METADATA = {
    "name": "toy",
    "versions": ["3"],
    "platform": "python",
    "inputs": [{"name": "pixels", "datatype": "INT32", "shape": [-1] + SHAPE}],
    "outputs": [
        {"name": "class", "datatype": "INT64", "shape": [-1, 1]},
        {"name": "scores", "datatype": "FP32", "shape": [-1, CLASSES]},
    ],
}
STATUS = {
    "model_version_status": [
        {"version": "3", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    ]
}
GET = {
    "/v2": SERVER,
    "/v2/models/toy": METADATA,
    "/v2/models/toy/ready": {"name": "toy", "ready": True},
    "/v1/models/toy": STATUS,
}
POST = {"/v2/models/toy/infer": infer, "/v1/models/toy:predict": predict}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        found = self.path in GET
        self.answer(200 if found else 404, json.dumps(GET[self.path] if found else {"error": "no such model"}).encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            require(self.path in POST, "no such model")
            require(self.headers["Content-Type"] == "application/json", "content type")
            self.answer(200, json.dumps(POST[self.path](json.loads(body)), indent=2).encode())
        except (Invalid, KeyError, ValueError) as error:
            self.answer(400, json.dumps({"error": repr(error)}).encode())

    def answer(self, status, data):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
