"""Random residual networks: made, compiled at drawn settings, judged against ONNX Runtime, and shrunk where they fail.

builder     a network under construction, each node evaluated by ONNX Runtime as it is added
windows, elementwise, sums, movement    a row for each operator
structures  blocks of operators: shortcuts of every kind, gates, dense blocks, heads
generate    a network from a seed
settings    how a network is compiled
judge       what is right
shrink      the least network that fails in the same way
campaign    many networks: scripts/random-networks
"""
