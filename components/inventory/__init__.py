"""Reading an inventory with positions: what a target is made of, where a value comes from, what is wrong.

| module | what it answers |
|---|---|
| `source` | what stands where in one file |
| `chain` | which classes a target is made of, in merge order, and how each came in |
| `origin` | which lines made a value, which of them was overridden, and what a line reaches |
| `guard`, `settings` | everything that must stop before Kapitan runs, all at once |
| `rendered` | the parameters as reclass-rs renders them |

Nothing here imports Kapitan; only `rendered` imports reclass-rs. An `Inventory` reads each file once; hand
the same one to all of them.
"""
