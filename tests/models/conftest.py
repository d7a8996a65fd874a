import pytest


@pytest.fixture
def large_folder(tmp_path):
    """A temporary folder for files of up to half a gigabyte: pytest would keep them."""
    yield tmp_path
    for file in tmp_path.iterdir():
        file.unlink()


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    """exported(name, variant) is one of the networks of residual_nets.py as a file, made once."""
    import residual_nets

    folder = tmp_path_factory.mktemp("residual")

    def make(name, variant="script-unfolded"):
        path = folder / f"{name}.{variant}.onnx"
        return path if path.exists() else residual_nets.export(name, variant, path)

    return make
