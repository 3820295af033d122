"""Noise levels of the steps, falling, the last one 0; the adapter has the same two (`schedule.ts`).

    sigmas({"kind": "log-linear", "from": 0.5, "to": 0.005, "steps": 3}) == [0.5, 0.05, 0.005, 0]"""


def sigmas(schedule: dict) -> list[float]:
    first, last, steps = schedule["from"], schedule["to"], schedule["steps"]
    shares = [i / (steps - 1) if steps > 1 else 0.0 for i in range(steps)]
    if schedule["kind"] == "log-linear":
        return [*(first * (last / first) ** share for share in shares), 0.0]
    root = 1 / schedule["rho"]  # Karras et al. 2022 (2206.00364), equation 5
    return [*((first**root + share * (last**root - first**root)) ** schedule["rho"] for share in shares), 0.0]
