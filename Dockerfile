# The page, the workers and the schedule: one image, three commands (see docker-compose.yml).
FROM python:3.12-slim-bookworm

RUN apt-get update \
 && apt-get install -y --no-install-recommends tesseract-ocr-eng tesseract-ocr-osd tesseract-ocr-rus wordnet-base \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /var/lib/omma omma \
 && install -d -o omma -g omma /var/lib/omma

WORKDIR /app
COPY requirements/ requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/bootstrap.txt \
 && uv pip sync --system --no-cache --compile-bytecode --require-hashes requirements/runtime.txt

COPY . .
# The user below cannot write here: without byte code made now, every start would compile all modules anew.
RUN python -m compileall -q .
ENV PYTHONPATH=/app PYTHONUNBUFFERED=1 OMMA_HOME=/var/lib/omma
USER omma
# Models are exported to ONNX in the image, so that no container does it at its first start.
RUN python -m cli.main models export
EXPOSE 8000
CMD ["python", "-m", "gunicorn", "--config", "python:web.gunicorn"]
